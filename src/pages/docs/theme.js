// Runs before anything is drawn, so that nobody sees the other colours first.
const CHOICE = 'keyturn-docs-colours';
const system = matchMedia('(prefers-color-scheme: dark)');

/** `light`, `dark`, or null: as the system. A browser may forbid to keep anything. */
function chosen() {
  try {
    return localStorage.getItem(CHOICE);
  } catch {
    return null;
  }
}

function choose(colours) {
  try {
    if (colours === (system.matches ? 'dark' : 'light')) localStorage.removeItem(CHOICE);
    else localStorage.setItem(CHOICE, colours);
  } catch {
    // Then the choice counts until the page is left.
  }
}

function show(colours) {
  document.documentElement.classList.toggle('dark-mode', colours === 'dark');
  const button = document.getElementById('theme');
  if (button !== null) button.textContent = colours === 'dark' ? 'Light colours' : 'Dark colours';
}

const ofSystem = () => (system.matches ? 'dark' : 'light');
show(chosen() ?? ofSystem());
system.addEventListener('change', () => show(chosen() ?? ofSystem()));
document.addEventListener('DOMContentLoaded', () => {
  show(chosen() ?? ofSystem());
  document.getElementById('theme').addEventListener('click', () => {
    const colours = document.documentElement.classList.contains('dark-mode') ? 'light' : 'dark';
    choose(colours);
    show(colours);
  });
});
