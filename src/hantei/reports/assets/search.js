// A box over every long table: the rows stay whose name holds what is typed.
const LONG_TABLE = 40;

function startSearch() {
  document.querySelectorAll("table").forEach((table) => {
    const rows = [...table.querySelectorAll("tbody tr:not(.total, .area)")];
    if (rows.length <= LONG_TABLE) return;
    const title = table.caption ? table.caption.textContent : "table";
    const box = el("input", { type: "search", class: "search needs-script", placeholder: "Search the rows", "aria-label": `Search the rows: ${title}` });
    box.addEventListener("input", () => {
      const wanted = box.value.trim().toLowerCase();
      rows.forEach((row) => { row.hidden = !row.querySelector("th").textContent.toLowerCase().includes(wanted); });
    });
    table.parentElement.before(box);
  });
}
