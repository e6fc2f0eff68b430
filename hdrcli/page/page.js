// The page: scenes come to life when they are near, and keys go to the one that is looked at.

const viewers = new Map();
const sections = [...document.querySelectorAll(".scene")].filter((section) => section.querySelector("script.views"));

const near = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) viewers.get(target)?.rest();
      else if (viewers.has(target)) viewers.get(target).wake();
      else viewers.set(target, new Viewer(target));
    }
  },
  { rootMargin: "50%" },
);
sections.forEach((section) => near.observe(section));

/** The viewer that has the focus, or of which most is in sight. */
function current() {
  const focused = document.activeElement?.closest(".scene");
  if (viewers.has(focused)) return viewers.get(focused);
  const shown = (section) => {
    const { top, bottom } = section.querySelector(".stage").getBoundingClientRect();
    return Math.min(bottom, innerHeight) - Math.max(top, 0);
  };
  const seen = sections.filter((section) => viewers.has(section) && shown(section) > 0);
  return viewers.get(seen.sort((one, other) => shown(other) - shown(one))[0]);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (current()?.key(event)) event.preventDefault();
});
