// Column heads sort the table. Without it the calls stand in the order of the run.
(() => {
  "use strict";
  const table = document.getElementById("calls");
  if (!table) return;
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];

  const value = (row, column) => {
    const text = row.cells[column].dataset.sort;
    return text === "" ? null : isNaN(text) ? text : +text;
  };
  const compare = (a, b) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), document.documentElement.lang);
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].sort((a, b) => {
        const order = compare(value(a, column), value(b, column));
        return down ? -order : order;
      });
      body.append(...rows);
    });
  });
})();
