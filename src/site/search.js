// Searches, filters and sorts the list. The page is whole without it.
(() => {
  "use strict";
  const form = document.querySelector("#tools");
  const list = document.querySelector("#recipes");
  const count = document.querySelector("#count");
  const nothing = document.querySelector("#nothing");
  const input = form.querySelector("#q");
  const sort = form.querySelector("#sort");
  const filters = form.querySelector("#filters");
  const chosen = form.querySelector("#chosen");
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];

  const words = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const number = (text) => (text === undefined ? -1 : Number(text));

  // Word -> where it stands: pairs of an item and how much the word weighs there.
  const index = new Map();
  const items = [...list.children].map((element, place) => {
    const link = element.querySelector("h3 a");
    const item = {
      element, place, name: link.textContent, level: number(element.dataset.level), stability: number(element.dataset.stability),
      fresh: element.dataset.fresh || "", group: element.dataset.group, category: element.dataset.category, has: element.dataset.has.split(" "),
    };
    const add = (text, weight) => {
      for (const word of words(text)) {
        const found = index.get(word) || new Map();
        found.set(item, Math.max(found.get(item) || 0, weight));
        index.set(word, found);
      }
    };
    add(item.name, 8);
    add(words(item.name).join(""), 8);
    for (const tag of element.querySelectorAll(".tag")) add(tag.textContent, 4);
    add(item.category, 3);
    add((element.querySelector(".about") || element).textContent, 2);
    return item;
  });
  const vocabulary = [...index];

  // The least number of typing mistakes between what was typed and the beginning of a word; more than `most` is as good as endless.
  const mistakes = (typed, word, most) => {
    let before = [], last = Array.from({ length: typed.length + 1 }, (_, i) => i), best = typed.length;
    for (let j = 1; j <= Math.min(word.length, typed.length + most); j += 1) {
      const row = [j];
      let least = j;
      for (let i = 1; i <= typed.length; i += 1) {
        const same = typed[i - 1] === word[j - 1];
        row[i] = Math.min(last[i] + 1, row[i - 1] + 1, last[i - 1] + (same ? 0 : 1));
        if (i > 1 && j > 1 && typed[i - 1] === word[j - 2] && typed[i - 2] === word[j - 1]) row[i] = Math.min(row[i], before[i - 2] + 1);
        least = Math.min(least, row[i]);
      }
      best = Math.min(best, row[typed.length]);
      if (least > most) break;
      before = last;
      last = row;
    }
    return best;
  };

  const matching = (typed, fits) => {
    const scores = new Map();
    for (const [word, places] of vocabulary) {
      const fit = fits(typed, word);
      if (fit > 0) for (const [item, weight] of places) scores.set(item, Math.max(scores.get(item) || 0, fit * weight));
    }
    return scores;
  };
  const exactly = (typed, word) => (word === typed ? 1 : word.startsWith(typed) ? 0.8 : typed.length > 2 && word.includes(typed) ? 0.4 : 0);
  const nearly = (typed, word) => {
    const most = typed.length > 7 ? 2 : typed.length > 3 ? 1 : 0;
    return most && word.length >= typed.length - most && mistakes(typed, word, most) <= most ? 0.3 : 0;
  };

  // Items that have all words of the query, with their scores; `null` for no query. Mistakes are looked for only where a word is not found.
  const search = (query) => {
    const typed = words(query);
    if (!typed.length) return null;
    let all = null;
    for (const word of typed) {
      let scores = matching(word, exactly);
      if (!scores.size) scores = matching(word, nearly);
      all = all === null ? scores : new Map([...all].filter(([item]) => scores.has(item)).map(([item, score]) => [item, score + scores.get(item)]));
    }
    return all;
  };

  const byName = (a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : a.name.toLowerCase() > b.name.toLowerCase() ? 1 : 0);
  const orders = {
    level: (a, b) => b.level - a.level || b.stability - a.stability || byName(a, b),
    stability: (a, b) => b.stability - a.stability || b.level - a.level || byName(a, b),
    name: byName,
    fresh: (a, b) => (b.fresh > a.fresh ? 1 : b.fresh < a.fresh ? -1 : byName(a, b)),
  };

  // Boxes of one group widen the choice; properties narrow it.
  const passes = (item, ticked) =>
    (!ticked.level.length || ticked.level.includes(item.group)) &&
    (!ticked.category.length || ticked.category.includes(item.category)) &&
    ticked.has.every((property) => item.has.includes(property));

  let shownBefore = null;
  const show = () => {
    const ticked = { level: [], category: [], has: [] };
    for (const box of boxes) if (box.checked) ticked[box.name].push(box.value);
    const scores = search(input.value);
    const order = orders[sort.value] || orders.level;
    const shown = items.filter((item) => (scores === null || scores.has(item)) && passes(item, ticked));
    shown.sort((a, b) => (scores === null ? 0 : scores.get(b) - scores.get(a)) || order(a, b));
    const now = shown.map((item) => item.place).join(" ");
    if (now !== shownBefore) list.replaceChildren(...shown.map((item) => item.element));
    shownBefore = now;
    const ticks = ticked.level.length + ticked.category.length + ticked.has.length;
    chosen.textContent = ticks ? `(${ticks})` : "";
    const some = shown.length === items.length ? `All ${items.length} recipes` : `${shown.length} of ${items.length} recipes`;
    if (count.textContent !== some) count.textContent = some;
    nothing.hidden = shown.length > 0;
  };

  // The address remembers what is shown, so that it can be sent to somebody.
  let waiting;
  const remember = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const state = new URLSearchParams();
      if (input.value) state.set("q", input.value);
      if (sort.value !== "level") state.set("sort", sort.value);
      for (const box of boxes) if (box.checked) state.append(box.name, box.value);
      history.replaceState(null, "", `#${state}`);
    }, 400);
  };
  const recall = () => {
    if (!location.hash.includes("=")) return;
    const state = new URLSearchParams(location.hash.slice(1));
    input.value = state.get("q") || "";
    if (orders[state.get("sort")]) sort.value = state.get("sort");
    for (const box of boxes) box.checked = state.getAll(box.name).includes(box.value);
  };
  const changed = () => { show(); remember(); };
  const clear = () => {
    input.value = "";
    for (const box of boxes) box.checked = false;
    changed();
    input.focus();
  };

  form.hidden = false;
  filters.open = matchMedia("(min-width: 60rem)").matches;
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  nothing.querySelector("button").addEventListener("click", clear);
  addEventListener("hashchange", () => { recall(); show(); });
  addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
      input.select();
    } else if (event.key === "Escape" && event.target === input && input.value) {
      event.preventDefault();
      input.value = "";
      changed();
    }
  });
  recall();
  show();
})();
