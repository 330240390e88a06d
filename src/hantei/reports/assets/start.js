document.documentElement.classList.add("scripted");
startBrowser();
startJudges();
startCells();
startSearch();
