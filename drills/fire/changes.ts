/** People and programs that change redirect files in all the ways there are, without a pause. */
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createHistory, type History } from "./history.ts";
import { v1File, v2File } from "./redirects.ts";

/** A repository whose file changes. */
export interface Changing {
  readonly name: string;
  readonly api: "v1" | "v2";
  readonly history: History;
}

/** One way to change files. */
export interface Changer {
  readonly repositories: readonly Changing[];
  /** Makes one change; whoever calls waits until it is seen before the next. */
  change(): void;
}

const repository = (name: string, api: "v1" | "v2" = "v2"): Changing => ({ name, api, history: createHistory(0) });
const next = ({ history }: Changing): number => history.newest() + 1;
const textOf = ({ name, api }: Changing, generation: number): string =>
  api === "v1" ? v1File(name, generation) : v2File(name, generation);

function replace(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}

/** What a change is done with; called with a number that counts on. */
type Change = (path: string, each: Changing, round: number) => void;

function changerOf(directory: string, repositories: readonly Changing[], change: Change): Changer {
  const pathOf = ({ name }: Changing) => join(directory, `${name}.json`);
  for (const each of repositories) writeFileSync(pathOf(each), textOf(each, 0));
  let round = 0;
  return {
    repositories,
    change() {
      const each = repositories[round % repositories.length];
      if (each !== undefined) change(pathOf(each), each, Math.floor(round / repositories.length));
      round++;
    },
  };
}

const byRename: Change = (path, each) => {
  const generation = next(each);
  each.history.change(generation, () => replace(path, textOf(each, generation)));
};

const inPlace: Change = (path, each) => {
  const generation = next(each);
  each.history.change(generation, () => writeFileSync(path, textOf(each, generation)));
};

/** There and away in turn. */
const comesAndGoes: Change = (path, each, round) => {
  if (round % 2 === 0) each.history.change(undefined, () => unlinkSync(path));
  else byRename(path, each, round);
};

const BROKEN = ["{", "", '{"version":5}', "[".repeat(5000), "\u0000"];

/** Broken, which nobody may notice, then good again. */
const breaks: Change = (path, each, round) => {
  if (round % 2 === 0) writeFileSync(path, BROKEN[(round / 2) % BROKEN.length] ?? "");
  else byRename(path, each, round);
};

/** A directory with files that is renamed, whose files are replaced, and that is removed and made again in turn. */
function movingDirectory(root: string): Changer {
  const repositories = [repository("moved/one"), repository("moved/two")];
  const [here, there] = [join(root, "here"), join(root, "there")];
  const fill = (directory: string, each: Changing, generation: number) =>
    replace(join(directory, `${each.name.slice(6)}.json`), v2File(each.name, generation));
  mkdirSync(here);
  for (const each of repositories) fill(here, each, 0);
  let round = 0;
  let at = here;
  return {
    repositories,
    change() {
      const kind = round++ % 4;
      if (kind === 0 || kind === 2) {
        const to = at === here ? there : here;
        renameSync(at, to);
        at = to;
        return;
      }
      if (kind === 3) {
        const [one, two] = repositories;
        one?.history.change(undefined, () => two?.history.change(undefined, () => rmSync(at, { recursive: true })));
        mkdirSync(at);
      }
      for (const each of repositories) {
        const generation = next(each);
        each.history.change(generation, () => fill(at, each, generation));
      }
    },
  };
}

/** Files of a Kubernetes mount: links that are all swapped together. */
function mount(root: string): Changer {
  const repositories = [repository("mounted/one"), repository("mounted/two")];
  const directory = join(root, "mount");
  const fileName = ({ name }: Changing) => `${name.slice(8)}.json`;
  mkdirSync(directory);
  const fill = (generation: number) => {
    mkdirSync(join(directory, `..${generation}`));
    for (const each of repositories)
      writeFileSync(join(directory, `..${generation}`, fileName(each)), v2File(each.name, generation));
    symlinkSync(`..${generation}`, join(directory, "..next"));
    renameSync(join(directory, "..next"), join(directory, "..data"));
  };
  fill(0);
  for (const each of repositories) symlinkSync(`..data/${fileName(each)}`, join(directory, fileName(each)));
  const [one = repositories[0], two] = repositories;
  let generation = 0;
  return {
    repositories,
    change() {
      generation++;
      one?.history.change(generation, () => two?.history.change(generation, () => fill(generation)));
      rmSync(join(directory, `..${generation - 1}`), { recursive: true });
    },
  };
}

/** Fills a directory, and changes it in each of the ways. */
export function changersOf(root: string): readonly Changer[] {
  const named = (kind: string) => ["one", "two", "three"].map((name) => repository(`${kind}-${name}`));
  return [
    changerOf(root, named("renamed"), byRename),
    changerOf(root, named("edited"), inPlace),
    changerOf(root, [repository("guest")], comesAndGoes),
    changerOf(root, named("broken"), breaks),
    changerOf(root, [repository("old-one", "v1"), repository("old-two", "v1")], byRename),
    movingDirectory(root),
    mount(root),
  ];
}
