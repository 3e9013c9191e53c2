// Runs in a world of its own beside the page's scripts: they cannot see it, and cannot change what it finds.
(task, given) => {
  const LONGEST = 20000;
  const words = (text) => (text || "").replace(/\s+/g, " ").trim();
  const plain = (text) => words(text).toLowerCase();

  // The document's roots: itself, open shadow roots, and frames of the same origin.
  const roots = () => {
    const found = [document];
    for (let i = 0; i < found.length && found.length < 200; i++) {
      for (const element of found[i].querySelectorAll("*")) {
        if (element.shadowRoot) found.push(element.shadowRoot);
        if (element.tagName === "IFRAME" || element.tagName === "FRAME") {
          try {
            if (element.contentDocument && shown(element)) found.push(element.contentDocument);
          } catch { /* of another origin */ }
        }
      }
    }
    return found;
  };
  const all = (selector) => roots().flatMap((root) => [...root.querySelectorAll(selector)]);

  const shown = (element) => {
    const box = element.getBoundingClientRect();
    if (box.width < 1 || box.height < 1) return false;
    return element.checkVisibility
      ? element.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true })
      : true;
  };

  const textOf = (root) => {
    if (root.body) return root.body.innerText || "";
    if (root.host) return [...root.children].map((child) => child.innerText || "").join("\n");
    return root.documentElement ? root.documentElement.textContent || "" : "";
  };
  const visibleText = () => roots().map(textOf).join("\n");

  const bySelector = (selector) => {
    try { return all(selector); } catch { return []; }
  };
  const labelled = (element) => [
    ...[...(element.labels || [])].map((label) => label.innerText),
    element.getAttribute("aria-label"), element.getAttribute("placeholder"), element.getAttribute("name"),
    element.getAttribute("id"), element.getAttribute("title"),
  ].map(plain);
  const captions = (element) => [
    element.innerText, element.value, element.getAttribute("aria-label"), element.getAttribute("title"),
    ...[...(element.labels || [])].map((label) => label.innerText),
  ].map(plain);
  const named = (candidates, names, wanted) => {
    const text = plain(wanted);
    return [
      ...candidates.filter((element) => names(element).includes(text)),
      ...candidates.filter((element) => names(element).some((name) => name.includes(text))),
    ];
  };
  const FIELDS = "input:not([type=hidden]):not([type=submit]):not([type=button]):not([type=image]), textarea, select, [contenteditable]";
  const BUTTONS = "button, a, summary, label, option, [onclick], [role=button], [role=link], [role=tab], [role=menuitem], [role=checkbox], " +
    "input[type=submit], input[type=button], input[type=image], input[type=reset], input[type=checkbox], input[type=radio]";

  const find = (candidates, what) => {
    if (!candidates.length) return { problem: `no ${what} is there` };
    const element = candidates.find(shown);
    if (!element) return { problem: `the ${what} is there and cannot be seen` };
    return { element };
  };

  // The middle of an element on the screen, as a visitor's mouse would hit it.
  const middle = (element) => {
    element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const box = [...element.getClientRects()].find((rect) => rect.width >= 1 && rect.height >= 1) || element.getBoundingClientRect();
    let [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    let hit = element.getRootNode().elementFromPoint(x, y);
    const label = element.labels && [...element.labels].some((one) => one.contains(hit));
    if (hit && !element.contains(hit) && !hit.contains(element) && !label) {
      return { problem: `<${hit.tagName.toLowerCase()}> lies over it` };
    }
    for (let view = element.ownerDocument.defaultView; view && view !== window && view.frameElement; view = view.parent) {
      const frame = view.frameElement.getBoundingClientRect();
      x += frame.left; y += frame.top;
    }
    return { x, y };
  };

  switch (task) {
    case "look": {
      const text = visibleText();
      const pictures = all("img, svg, canvas, video, object, embed, iframe, input, textarea, select, button").filter(shown).length;
      let nodes = 0;
      for (const root of roots()) nodes += root.querySelectorAll("*").length;
      const flat = given.contains || given.expect ? plain(text) : "";
      return {
        url: location.href, title: document.title || "", ready: document.readyState, text: text.slice(0, LONGEST),
        length: text.length, pictures, nodes, seen: words(text.slice(0, LONGEST)) !== "" || pictures > 0,
        contains: given.contains ? flat.includes(plain(given.contains)) : null,
        expect: given.expect ? flat.includes(plain(given.expect)) : null,
      };
    }
    case "wait": {
      let candidates;
      try { candidates = all(given.selector); } catch { return { problem: "it is no CSS selector" }; }
      const found = find(candidates, "such element");
      return found.element ? {} : found;
    }
    case "click": {
      const own = bySelector(given.target);
      const found = find(own.length ? own : named(all(BUTTONS), captions, given.target), "such button or link");
      if (!found.element) return found;
      if (found.element.disabled) return { problem: "it is disabled" };
      return middle(found.element);
    }
    case "fill": {
      const own = bySelector(given.field).filter((element) => element.matches(FIELDS));
      const found = find(own.length ? own : named(all(FIELDS), labelled, given.field), "such field");
      const element = found.element;
      if (!element) return found;
      if (element.disabled || element.readOnly) return { problem: "it cannot be changed" };
      element.scrollIntoView({ block: "center", behavior: "instant" });
      element.focus();
      if (element.tagName === "SELECT") {
        const option = named([...element.options], (one) => [plain(one.text), plain(one.value)], given.value)[0];
        if (!option) return { problem: "it has no such choice" };
        element.value = option.value;
        element.dispatchEvent(new Event("input", { bubbles: true }));
        element.dispatchEvent(new Event("change", { bubbles: true }));
        return {};
      }
      if (element.select) element.select(); else getSelection().selectAllChildren(element);
      return { type: true };
    }
    case "blank": {
      const hides = (text) => given.secrets.some((secret) => text.includes(secret));
      let blanked = 0;
      for (const element of all("input, textarea")) {
        if (hides(element.value || "") || element.type === "password") { element.value = ""; blanked++; }
        if (hides(element.placeholder || "")) { element.placeholder = ""; blanked++; }
      }
      for (const root of roots()) {
        const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        for (let node = texts.nextNode(); node; node = texts.nextNode()) {
          if (!hides(node.data)) continue;
          for (const secret of given.secrets) node.data = node.data.replaceAll(secret, "█".repeat(8));
          blanked++;
        }
      }
      return { blanked };
    }
  }
  return { problem: `unknown task ${task}` };
}
