"""Words by which languages written in Latin letters are told: function words, and English words of short texts."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTION_WORDS: dict[str, frozenset[str]] = {
    tag: _words(words)
    for tag, words in {
        "en": "the of and to is are was were be been it its that this these those you your i i'm my me we our they "
        "their he she his her what how why who when where which can could should would will do does did don't not no "
        "yes for with from about if but or as an at by on in have has had there please sorry tell write give make "
        "some any so than then very just like get someone people 's 're 'll 've 'd 'm n't can't cannot won't isn't "
        "all a am gonna because here him them us let also only too into out up off over after before while may might "
        "must shall",
        "de": "der die das und ist nicht ich sie wir ein eine einen mit für auf von zu wie was warum kann können den "
        "dem es im auch bei oder aber wenn dass mein dein dich mich ja nein bitte danke",
        "fr": "le la les des est et je vous nous un une dans pour pas que qui avec sur au aux du ce cette comment "
        "pourquoi mon ma mes votre il elle sont à où merci oui tu ne",
        "es": "el la los las es y que de en un una por para con no se mi tu cómo qué como está son del al lo su más "
        "pero hola gracias yo",
        "pt": "o os as é e que de em um uma por para com não se meu seu como está são do da dos das no na mais mas "
        "você obrigado",
        "it": "il lo gli è e che di in un una per con non si mio tuo come sono del della nel più ma perché i le la a "
        "ho hai posso cosa mi ti al alla da dei delle dal dalla nella su qual quali puoi fare grazie",
        "nl": "de het een en is niet ik jij we wij met voor op van te hoe wat waarom kan zijn ook maar als dat mijn "
        "je dank",
        "id": "yang dan di ke dari ini itu tidak untuk dengan adalah saya anda bagaimana apa bisa akan pada kasih",
        "vi": "và là của không có cho tôi bạn một các những được trong với như thế nào này",
        "tr": "ve bir bu için ile de da ne nasıl değil mi ben sen çok gibi daha",
        "pl": "i w na nie jest się z do to jak co że jestem czy mój dla",
        "sw": "na ya wa kwa ni za katika kama la jinsi gani nini mimi wewe yako yangu hii hiyo kuwa vya cha watu",
        "jv": "sing lan ing karo ora iku iki aku kowe kanggo apa piye carane bisa wong saka kang amarga nggawe",
        "tl": "ang ng sa mga ko mo ako ikaw siya hindi paano ano kung para at salamat",
    }.items()
}

ROMANISED = _words(
    # Japanese
    "desu desuka masu masen deshita wa ga wo koto iu kara nani nan kore sore kono sono doko watashi anata shite "
    "suru nai ne arigatou arigato gozaimasu konnichiwa ohayou sumimasen kudasai nihongo baka kawaii oishii naka "
    # Chinese
    "hao shi ma shenme zenme xiexie wo zai bu zhe"
)
"""Words of Japanese and Chinese in Latin letters: such a text is in no language that a judge was measured on."""

ENGLISH = _words(
    "hi hello hey dear welcome bye goodbye thanks thank okay ok yeah yep nope sure certainly absolutely exactly "
    "definitely indeed perhaps maybe really actually never always often again still already later now today "
    "tomorrow yesterday tonight morning evening night afternoon everyone everybody everything something anything "
    "nothing nobody anyone friend friends good great nice cool awesome amazing wonderful fine better best bad "
    "worse worst big small little new old young long short high low right wrong true false safe unsafe yet "
    "happy sad angry funny stupid ugly beautiful pretty rude crazy weird dead alive hot cold fast slow easy hard "
    "one two three four five six seven eight nine ten first second third last next step steps example question "
    "answer answers idea point problem thing things way day days week month year years time times man men woman "
    "women boy girl kid kids child children person guy guys mother father mom dad family house home school work "
    "job money water food dog dogs cat cats world country city life name word words book story game code list "
    "essay poem email letter text sentence paragraph summary recipe joke explain describe summarize summarise "
    "translate define compare create generate provide show find help stop start go come look see know think "
    "believe want need love hate kill die eat drink buy sell use try play run say said call ask read delete add "
    "open close wait watch keep take put turn check click send bring leave live feel shut move change follow "
    "laugh cry speak talk learn teach build break cut mix steal lie sleep wake yourself myself himself herself "
    "itself themselves ourselves much many more most less few every each both same other another such own between "
    "under against without through during until why's what's that's it's wow lol haha lmao omg hmm oh ah ugh shit "
    "fuck fucking damn hell ass asshole bitch cunt idiot moron dumb slut whore loser congratulations happened "
    "never none else even though however back away down"
)
"""Words of English that short texts without a function word hold, and that few other languages have."""
