"use strict";
(() => {
  const data = JSON.parse(document.getElementById("numbers").textContent);
  const form = document.getElementById("ask"), find = document.getElementById("find");
  const select = document.getElementById("question"), answer = document.getElementById("answer");
  const words = answer.dataset, number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });

  function make(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  // The address is the state: what is chosen is written there, and what is written there is shown.
  function readAddress() {
    const told = new URLSearchParams(location.hash.slice(1));
    const question = data.questions.find((each) => each.id === told.get("q")) || data.questions[0];
    const asked = (told.get("g") || "").split(",");
    const chosen = data.groups.filter((group) => asked.includes(group.id));
    return { question, groups: told.has("g") ? chosen : data.groups.filter((group) => group.kind !== "partner") };
  }

  function writeAddress() {
    const chosen = [...form.querySelectorAll("input[name=group]:checked")].map((box) => box.value);
    location.hash = new URLSearchParams({ q: select.value, g: chosen.join(",") });
  }

  function listQuestions(question) {
    const sought = find.value.toLowerCase();
    const steps = new Map();
    for (const each of data.questions) {
      const told = [each.label, ...each.rows.map((row) => row[0])].join(" ").toLowerCase();
      if (each !== question && !told.includes(sought)) continue;
      if (!steps.has(each.step)) steps.set(each.step, make("optgroup", { label: each.step }));
      steps.get(each.step).append(make("option", { value: each.id }, each.label));
    }
    select.replaceChildren(...steps.values());
    select.value = question.id;
  }

  function drawTrack([, estimate, low, high], top) {
    const track = make("span", { class: "track" });
    const place = (value) => `${(100 * Math.max(0, Math.min(value, top))) / top}%`;
    if (high !== undefined) {
      const band = track.appendChild(make("span", { class: "band" }));
      band.style.left = place(low);
      band.style.width = `calc(${place(high)} - ${place(low)})`;
    }
    if (estimate !== undefined) track.appendChild(make("span", { class: "dot" })).style.left = place(estimate);
    return track;
  }

  function drawRow([label, share, places], groups) {
    const shown = groups.map((group) => data.cells[places[data.groups.indexOf(group)]]);
    const top = share ? 1 : Math.max(...shown.flatMap((cell) => cell.slice(1)), 0) || 1;
    const ends = share ? [0, 0.5, 1].map((end) => percent.format(end)) : [0, top / 2, top].map((end) => number.format(end));
    const axis = make("span", { class: "track ends" }, ...ends.map((end) => make("span", {}, end)));
    const head = make("div", { class: "line" }, make("strong", {}, label), axis, make("span", {}));
    const lines = groups.map((group, place) => make("div", { class: `line ${group.kind}` },
      make("span", { class: "who" }, group.label), drawTrack(shown[place], top), make("span", {}, shown[place][0])));
    return make("div", { class: "lines" }, head, ...lines);
  }

  function tabulate(question, groups) {
    const head = make("tr", {}, make("th", { scope: "col" }, words.label),
      ...groups.map((group) => make("th", { scope: "col" }, group.label)));
    const rows = question.rows.map(([label, , places]) => make("tr", {}, make("th", { scope: "row" }, label),
      ...groups.map((group) => make("td", { class: "text" }, data.cells[places[data.groups.indexOf(group)]][0]))));
    const table = make("table", {}, make("caption", {}, question.label), make("thead", {}, head), make("tbody", {}, ...rows));
    return make("section", { class: "scroll", tabindex: "0", "aria-label": question.label }, table);
  }

  function show() {
    const { question, groups } = readAddress();
    listQuestions(question);
    for (const box of form.querySelectorAll("input[name=group]")) box.checked = groups.some((group) => group.id === box.value);
    const said = `${words.chart}: ${question.label}; ${words.same}`;
    const chart = make("div", { class: "chart", role: "img", "aria-label": said }, ...question.rows.map((row) => drawRow(row, groups)));
    const heading = make("h2", {}, question.label), step = make("p", { class: "note" }, question.step);
    const note = make("p", { class: "note" }, words.note);
    const rest = groups.length ? [chart, tabulate(question, groups), note] : [make("p", {}, words.none)];
    answer.replaceChildren(heading, step, ...rest);
  }

  const boxes = data.groups.map((group) =>
    make("label", {}, make("input", { type: "checkbox", name: "group", value: group.id }), ` ${group.label}`));
  form.querySelector("fieldset").append(...boxes);
  form.addEventListener("change", (event) => event.target !== find && writeAddress());
  find.addEventListener("input", () => listQuestions(readAddress().question));
  addEventListener("hashchange", show);
  form.hidden = false;
  show();
})();
