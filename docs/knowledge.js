// The knowledge browser: a table of names that a word and a class narrow down.
"use strict";
(() => {
  const place = document.getElementById("knowledge-browser");
  if (!place) return;
  const MOST = 200;
  const { names, sources } = window.GILCHECK_KNOWLEDGE;
  const word = place.querySelector("input");
  const kind = place.querySelector("select");
  const rows = place.querySelector("tbody");
  const count = place.querySelector("[role=status]");
  const cell = (text, code) => {
    const it = document.createElement("td");
    const inner = code ? it.appendChild(document.createElement("code")) : it;
    inner.textContent = text;
    return it;
  };
  const show = () => {
    const wanted = word.value.trim().toLowerCase();
    const found = names.filter(([name, is, small]) =>
      name.toLowerCase().includes(wanted) && (!kind.value || is === kind.value || small === kind.value));
    rows.replaceChildren(...found.slice(0, MOST).map(([name, is, small, source]) => {
      const row = document.createElement("tr");
      row.append(cell(name, true), cell(is === small ? is : `${is} (${small} when small)`), cell(sources[source]));
      return row;
    }));
    count.textContent = found.length > MOST ? `${MOST} of ${found.length} names; go on typing` : `${found.length} names`;
  };
  word.value = decodeURIComponent(location.hash.slice(1));
  word.addEventListener("input", show);
  kind.addEventListener("change", show);
  show();
})();
