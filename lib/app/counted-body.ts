/**
 * Counts the bytes of a response's body while it is sent.
 *
 * @param told once: when the body has been read to its end, or is no longer wanted, or broke off
 */
export function countBody(response: Response, told: (bytes: number) => void): Response {
  const { body, status, headers } = response;
  if (body === null) {
    told(0);
    return response;
  }
  const reader = body.getReader();
  let count = 0;
  const counted = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (value !== undefined) {
            count += value.length;
            controller.enqueue(value);
          }
          if (!done) return;
        } catch (error) {
          told(count);
          throw error;
        }
        controller.close();
        told(count);
      },
      async cancel(reason) {
        told(count);
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(counted, { status, headers });
}
