paintHead();
paintFailures();
paintGraph();
paintGantt();
paintTable();
paintSmallPrint();
paintPaper();
onChoice(mark);
onChoice(paintDetails);
addEventListener("hashchange", chooseFromAddress);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && chosen.task) choose(null, "key");
});
chooseFromAddress();
