// Searches the logs, and opens each at the line that matters. The page is whole without it.
(() => {
  const box = document.querySelector(".search");
  const logs = [...document.querySelectorAll(".log")];
  for (const log of logs) {
    log.addEventListener("toggle", () => {
      const hot = log.querySelectorAll(".hot");
      const pre = log.querySelector("pre");
      if (log.open && hot.length) pre.scrollTop = hot[hot.length - 1].offsetTop - pre.offsetTop - pre.clientHeight / 2;
    });
  }
  if (!box) return;
  box.hidden = false;
  const input = box.querySelector("input");
  const output = box.querySelector("output");
  const find = () => {
    const wanted = input.value.trim().toLowerCase();
    let found = 0;
    for (const log of logs) {
      let here = 0;
      for (const line of log.querySelectorAll("pre > span")) {
        const hit = wanted === "" || line.textContent.toLowerCase().includes(wanted);
        line.hidden = !hit;
        if (wanted && hit) here += 1;
      }
      found += here;
      log.hidden = wanted !== "" && here === 0;
      if (wanted) log.open = here > 0;
    }
    output.textContent = wanted ? `${found} line${found === 1 ? "" : "s"}` : "";
  };
  let waiting;
  input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(find, 80); });
})();
