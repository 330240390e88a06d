"""How far a judge, and its rate, can be trusted: what the command line does for that, as functions.

What they do needs NumPy, which is loaded by the first call.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hantei.progress import Say
from hantei.runs.folder import load_run

if TYPE_CHECKING:
    from hantei.inputs.label_files import LabelFiles
    from hantei.metrics.ablation import Ablation
    from hantei.metrics.agreement.ranking import Ranking
    from hantei.metrics.agreement.results import Agreement
    from hantei.metrics.datasheet import DataSheet
    from hantei.metrics.estimation import Estimand, RateEstimate
    from hantei.tasks.ablating import AblateOptions
    from hantei.tasks.across_languages import AcrossOptions, AcrossResult
    from hantei.tasks.agreeing import AgreementOptions
    from hantei.tasks.annotating import AnnotationOptions
    from hantei.tasks.choosing import DrawnSheet
    from hantei.tasks.estimating import LabelsAre
    from hantei.tasks.exchanging_labels import BroughtIn
    from hantei.tasks.from_data_sheet import CorrectedRate
    from hantei.tasks.measuring import MeasureOptions
    from hantei.training.calibration import Fitted


def agreement(source: str | Path | Sequence[str | Path], options: AgreementOptions | None = None) -> Agreement:
    """Return how judges agree, people among them, on a run's responses or on the rows of tables with labels.

    Raises:
        UsageError: no such run, judge, head or part, fewer than two judges, or labels that belong to no response.
        InputError: a file cannot be read or holds no labels.
    """
    from hantei.tasks.agreeing import AgreementOptions, agree  # it needs NumPy, which other commands do not load

    sources = [source] if isinstance(source, str | Path) else source
    return agree([Path(one) for one in sources], options or AgreementOptions())


def estimate(
    path: str | Path,
    labels: str | Path | None = None,
    judge: str | None = None,
    labels_are: LabelsAre | None = None,
    estimand: Estimand = "population",
    system: str | None = None,
    precision: float | None = None,
    files: LabelFiles | None = None,
) -> RateEstimate:
    """Return a violation rate from a judge's verdicts on all answers and people's labels of some of them.

    Only what the labels say makes it a violation rate: a bad judge leaves it right, and wide.

    Args:
        path: the run folder.
        labels: a file with the columns ``response_id``, ``unsafe`` and ``sampling_p``, or ``human:NAME`` of the run;
            default the run's only person.
        judge: the judge's name; default the run's only one.
        labels_are: how the labelled answers were chosen where no ``sampling_p`` says it: ``random``, each with the same
            chance, or ``all`` of them.
        estimand: ``population``, all prompts that these stand for, or ``answers``, exactly these answers.
        system: the rate of this system's answers; default all of them.
        precision: half width for which the number of labels is wanted, as a share: 0.02 is two points.
        files: how a file of labels is read.

    Raises:
        UsageError: no such run, judge, labels or system, or nothing says how the labelled answers were chosen.
        InputError: the file of labels cannot be read.
    """
    from hantei.tasks import estimating  # it needs NumPy

    return estimating.estimate(path, labels, judge, labels_are, estimand, system, precision, files)


def corrected_rate(
    path: str | Path,
    sheet: str | Path | None = None,
    errors: tuple[tuple[int, int], tuple[int, int]] | None = None,
    judge: str | None = None,
    system: str | None = None,
) -> CorrectedRate:
    """Return a judge's flagged rate corrected by its errors as measured elsewhere (Rogan and Gladen), without labels.

    It takes for granted that the judge errs on these answers as it did there.

    Args:
        path: the run folder.
        sheet: the ``datasheet.json`` of ``measure`` that tells the errors.
        errors: in place of a sheet: how many of how many unsafe answers it flagged, and of how many safe ones not.
        judge: the judge's name; default that of the sheet, or the run's only one.
        system: the rate of this system's answers; default all of them.

    Raises:
        UsageError: no such run, judge or system, or the sheet is of another judge or tells no errors.
        InputError: the file is no data sheet.
        ValueError: neither sheet nor errors, or counts that are none.
    """
    from hantei.tasks.from_data_sheet import corrected, corrected_by_sheet  # it needs NumPy

    if sheet is not None:
        return corrected_by_sheet(path, sheet, judge, system)
    if errors is None:
        raise ValueError("expected a sheet or errors")
    return corrected(path, *errors, judge, system)


def choose_to_label(
    path: str | Path,
    labels: int,
    out: str | Path,
    judge: str | None = None,
    system: str | None = None,
    seed: int = 0,
) -> DrawnSheet:
    """Write a CSV file of answers to label, flagged and uncertain ones chosen more often, each with its chance.

    Args:
        path: the run folder.
        labels: how many answers.
        out: the file to write.
        judge: the judge's name; default the run's only one.
        system: only this system's answers; default all.
        seed: of the draw; the same again gives the same file.

    Raises:
        UsageError: no such run, judge or system, not so many answers, or the file exists or cannot be written.
    """
    from hantei.tasks import choosing  # it needs NumPy

    return choosing.choose_to_label(path, labels, out, judge, system, seed)


def annotate(path: str | Path, options: AnnotationOptions | None = None, say: Say = lambda _line: None) -> None:
    """Serve the labelling page of a run until it is interrupted; ``say`` gets each person's link, a line each.

    Raises:
        UsageError: no such run, answers, sheet or guideline, a name that is none, or the page's extra is missing.
        RunError: another process serves this run, its labels are of another version of the guideline, or the port is
            taken.
    """
    from hantei.tasks import annotating  # it needs Starlette and uvicorn

    annotating.annotate(path, options or annotating.AnnotationOptions(), say)


def export_labels(path: str | Path, out: str | Path) -> int:
    """Write what people say of a run's answers to .jsonl, .csv or .json (Label Studio); return how many labels.

    Raises:
        UsageError: no such run, a name of no kind of file, or nothing can be written there.
    """
    from hantei.tasks import exchanging_labels

    return exchanging_labels.export_labels(path, Path(out))


def import_labels(path: str | Path, file: str | Path) -> BroughtIn:
    """Add the labels of such a file to those of a run, each once.

    Raises:
        UsageError: no such run or file, no label is of an answer of the run, or somebody said something else already.
        InputError: the file cannot be read.
        RunError: the labels are being given on the page.
    """
    from hantei.tasks import exchanging_labels

    return exchanging_labels.import_labels(path, Path(file))


def calibrate(
    path: str | Path,
    out: str | Path,
    judge: str | None = None,
    labels: str | Path | None = None,
    files: LabelFiles | None = None,
) -> Fitted:
    """Fit a judge's probabilities to a person's labels of the same answers, and write the calibration file.

    Args:
        path: the run folder with the judge's judgments.
        out: the file to write.
        judge: the judge's name; default the run's only one.
        labels: a file, or ``human:NAME`` of the run; default the run's only person.
        files: how a file of labels is read.

    Raises:
        UsageError: the run lacks either of them or has several, the judge gives no probability of unsafe, or there are
            too few labels.
        InputError: the file of labels cannot be read.
    """
    from hantei.training import calibration  # it needs NumPy

    return calibration.calibrate(path, out, judge, labels, files)


def measure(judge: str, out: str | Path, options: MeasureOptions, say: Say = lambda _line: None) -> DataSheet:
    """Measure a judge on labelled answers, write its data sheet into the folder ``out``, and return it.

    Args:
        judge: its name.
        out: the folder of the sheet and of its runs; the same again goes on where it ended.
        options: what it is measured on.
        say: takes lines for people.

    Raises:
        UsageError: no such file or judge, or no label belongs to an answer.
        InputError: a file cannot be read or holds no labels.
        RunError: a folder belongs to another plan or is in use, or no call to a model works.
    """
    from hantei.tasks import measuring  # it needs NumPy

    return measuring.measure(judge, Path(out), options, say)


def rank(
    source: str | Path | Sequence[str | Path], options: AgreementOptions | None = None, measure: str = "kappa"
) -> list[Ranking]:
    """Return judges by their agreement with people, for each head that two judges or more gave; ties share places.

    Args:
        source: a run folder, or tables with labels.
        options: which judges, ``against`` whose labels (people's, where nobody is named), which heads, and the files.
        measure: kappa, accuracy or f1.

    Raises:
        UsageError: no such run, judge, head or measure, or nobody to rank or to rank by.
        InputError: a file cannot be read or holds no labels.
    """
    from hantei.tasks.agreeing import AgreementOptions
    from hantei.tasks.ranking import rank_judges  # it needs NumPy

    sources = [source] if isinstance(source, str | Path) else source
    return rank_judges([Path(one) for one in sources], options or AgreementOptions(), measure)


def trained_on(path: str | Path, judge: str = "builtin") -> tuple[int, int]:
    """Return how many answers of a run a judge judged, and how many of these were in its training data.

    Raises:
        UsageError: there is no run at ``path``, or none of this judge's judgments in it.
    """
    judgments = list(load_run(path).judgments(judge))
    return len(judgments), sum(judgment.in_training for judgment in judgments)


def ablate(judge: str, out: str | Path, options: AblateOptions, say: Say = lambda _line: None) -> Ablation:
    """Compare a judge with variants of itself on labelled answers, judged in the run folder ``out``.

    Args:
        judge: its name.
        out: the run folder; the same again goes on where it ended.
        options: what they are compared on (``hantei.tasks.ablating.AblateOptions``).
        say: takes lines for people.

    Raises:
        UsageError: no such file or judge, the judge has no variants, or no label belongs to an answer.
        InputError: a file cannot be read or holds no labels.
        RunError: the folder belongs to another plan or is in use, or no call to a model works.
    """
    from hantei.tasks import ablating  # it needs NumPy

    return ablating.ablate(judge, Path(out), options, say)


def judge_across(
    pairs: str | Path, out: str | Path, options: AcrossOptions, say: Say = lambda _line: None
) -> AcrossResult:
    """Judge the same dialogues in several languages in the run folder ``out``, and return what differs.

    Args:
        pairs: a table with the columns ``pair`` and ``language``, or a folder with a folder for each language.
        out: the run folder; the same again goes on where it ended.
        options: who judges, and who answers (``hantei.tasks.across_languages.AcrossOptions``).
        say: takes lines for people.

    Raises:
        UsageError: no such file, judge or model, or fewer than two languages.
        InputError: a table cannot be read.
        RunError: the folder belongs to another plan or is in use, no call to a model works, or it was stopped.
    """
    from hantei.tasks import across_languages  # it needs NumPy

    return across_languages.judge_across(Path(pairs), Path(out), options, say)
