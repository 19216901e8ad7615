import { bare } from "./bare.ts";
import type { Contestant } from "./contestant.ts";
import { craned } from "./craned.ts";
import { distribution2, distribution3 } from "./distribution.ts";
import { nginxFixed, nginxMap } from "./nginx.ts";
import { crane, redirector } from "./stand-ins.ts";

const ALL: readonly Contestant[] = [
  craned,
  nginxMap,
  nginxFixed,
  bare,
  redirector,
  distribution3,
  distribution2,
  crane,
];

const isThere = ({ program }: Contestant): boolean => Bun.which(program) !== null;

export const contestants = ALL.filter(isThere);

/** What was not installed. */
export const absent = ALL.filter((each) => !isThere(each));
