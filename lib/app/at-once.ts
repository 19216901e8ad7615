/**
 * Tells Elysia which functions are synchronous. Elysia guesses it from the text of a function, takes most of them for
 * asynchronous, and then awaits each step of the request, which costs a quarter of a redirect.
 */

/** Marks a hook. */
export const hookAtOnce = <Hook>(fn: Hook): Hook =>
  // Elysia's types know only functions here, and the code its containers of functions too.
  ({ fn, isAsync: false }) as unknown as Hook;

/** Marks a handler by hiding its text; an async function is known by its type and is still awaited. */
export const handlerAtOnce = <Handler extends (context: never) => unknown>(handle: Handler): Handler =>
  handle.bind(undefined) as Handler;
