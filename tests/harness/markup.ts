/** What a reader sees of a page. */

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

/** The text of the elements that match. */
export async function texts(markup: string, selector: string): Promise<readonly string[]> {
  const found: string[] = [];
  await new HTMLRewriter()
    .on(selector, { element: () => void found.push("") })
    .on(selector, {
      text: ({ text }) => {
        found[found.length - 1] += text;
      },
    })
    .transform(new Response(markup))
    .text();
  return found.map((text) => text.replace(/&(#?\w+);/g, (all, name: string) => ENTITIES[name] ?? all).trim());
}

/** How many elements match. */
export async function count(markup: string, selector: string): Promise<number> {
  let number = 0;
  await new HTMLRewriter()
    .on(selector, { element: () => void number++ })
    .transform(new Response(markup))
    .text();
  return number;
}
