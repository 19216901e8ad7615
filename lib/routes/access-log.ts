import type { Service } from "../http/connection.ts";
import type { RequestHead } from "../http/request-head.ts";
import type { Log } from "../log.ts";

const STATUS_AT = "HTTP/1.1 ".length;

/** Logs each request that is answered: who asked, for what, how it ended, and how long it took. */
export function withAccessLog(service: Service, log: Log): Service {
  const write = (head: RequestHead, peer: string, status: number, began: number): void => {
    const milliseconds = Math.round((performance.now() - began) * 1000) / 1000;
    log.info("request", { peer, method: head.method, target: head.target, status, milliseconds });
  };
  return {
    ...service,
    answerNow(head, peer) {
      const began = performance.now();
      const answer = service.answerNow(head, peer);
      if (answer !== undefined) write(head, peer, Number(answer.head.slice(STATUS_AT, STATUS_AT + 3)), began);
      return answer;
    },
    async answer(head, peer, isExtra) {
      const began = performance.now();
      const response = await service.answer(head, peer, isExtra);
      write(head, peer, response.status, began);
      return response;
    },
    refuse(fault) {
      log.info("request refused", { target: fault.target, status: fault.status, reason: fault.reason });
      return service.refuse(fault);
    },
  };
}
