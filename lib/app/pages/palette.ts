/** Colours are in pairs that keep a contrast of 4.5 to 1 and more on every ground, light and dark. */
export const PALETTE = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --sunk: #f0f2f6; --ink: #16202c; --quiet: #536071; --line: #d9dfe7; --edge: #7b8797;
  --accent: #0b5cad; --accent-ground: #e6f0fb; --on-accent: #fff;
  --good: #116337; --good-ground: #e3f4ea; --shut: #7a4300; --shut-ground: #fdf0db; --bad: #a3161f; --bad-ground: #fdeaea;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f141a; --card: #171e27; --sunk: #10161d; --ink: #e6ebf1; --quiet: #a3afbe; --line: #2a3542; --edge: #77869a;
    --accent: #7cb8ff; --accent-ground: #17304d; --on-accent: #08121f;
    --good: #7fd8a4; --good-ground: #12301f; --shut: #f1bd6d; --shut-ground: #362711; --bad: #ff9d9d; --bad-ground: #3b191c;
  }
}
`;
