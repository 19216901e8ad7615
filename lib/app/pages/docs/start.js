/** Starts Swagger UI on the page. */

const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", paint);
paint();

const EXPLAINED = "X-Craned-Explained";

/** Sends a request, and finds out where a redirect leads: browsers hide that from pages. */
async function send(url, options) {
  if (new URL(url).origin !== location.origin) {
    throw new Error("A browser may not ask the management listener from this page. The command above can.");
  }
  const explaining = new URL(url);
  explaining.searchParams.set("explain", "");
  const answer = await fetch(explaining, { ...options, cache: "no-store" });
  const target = answer.headers.get("Location");
  if (!answer.headers.has(EXPLAINED) || target === null) return answer;
  if (new URL(target).origin === location.origin) return await fetch(target, options);
  const explained = new Headers(answer.headers);
  explained.delete(EXPLAINED);
  explained.delete("Cache-Control");
  explained.set("Content-Type", "text/plain");
  const text = `The answer is a redirect to another host, which this page does not ask:\n${target}`;
  return new Response(text, { status: 302, statusText: "Found", headers: explained });
}

SwaggerUIBundle({
  url: new URL("openapi.json", location.href).href,
  dom_id: "#docs",
  deepLinking: true,
  filter: true,
  tryItOutEnabled: true,
  requestSnippetsEnabled: true,
  validatorUrl: null,
  requestInterceptor(request) {
    const url = new URL(request.url, location.href);
    // Names have slashes, which Swagger UI encodes.
    url.pathname = url.pathname.replace(/%2F/gi, "/");
    return Object.assign(request, { url: url.href, userFetch: send });
  },
});
