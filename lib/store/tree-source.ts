import { NOTHING, ofContent, type Record, type Source, withFaults } from "./ledger.ts";
import { entryAt, fileBehind, firstEntry } from "./naming.ts";
import { below, type FileEntry, noDirt, pathOf, type RedirectFile, type Tree } from "./tree.ts";

type RecordAt = (path: string) => Record;

/** What a file said when it was good, under its path or, if that has just changed, one that leads to it still. */
function lastGood(tree: Tree, file: RedirectFile, path: string, recordAt: RecordAt): Record {
  const last = recordAt(path);
  if (last.repository !== undefined) return last;
  for (const { directory, name } of file.entries)
    for (const parent of [directory.path, directory.formerPath]) {
      const other = parent === undefined ? path : below(parent, name);
      const record = recordAt(other);
      if (record.repository !== undefined && fileBehind(tree, other) === file) return record;
    }
  return last;
}

function ofFile(tree: Tree, entry: FileEntry, path: string, recordAt: RecordAt): Record {
  if (entry.fault !== undefined) return withFaults(entry.keepsLastGood ? recordAt(path) : NOTHING, [entry.fault]);
  const { file } = entry;
  if (file === undefined || firstEntry(file) !== entry) return NOTHING;
  const { parsed, hash } = file;
  if (parsed === undefined) return recordAt(path);
  return ofContent(parsed.ok ? recordAt(path) : lastGood(tree, file, path, recordAt), parsed, hash);
}

function ofDirectory(tree: Tree, path: string): Record {
  const entry = entryAt(tree, path);
  const directory = path === tree.rootPath ? tree.root : tree.byPath.get(path);
  const fault = (path === tree.rootPath ? tree.rootFault : entry?.fault) ?? directory?.fault;
  if (fault === undefined) return NOTHING;
  const known = directory ?? (entry?.kind === "directory" ? entry.child : undefined);
  const servesLastGood = known !== undefined && known.entries.size > 0;
  return { ...NOTHING, fault: { faults: [fault], servesLastGood } };
}

/** The tree of a data directory, to keep a ledger of. */
export function treeSource(tree: Tree): Source {
  return {
    *takeDirtyPaths() {
      const { paths, entries } = tree.dirt;
      tree.dirt = noDirt();
      yield* paths;
      for (const entry of entries) {
        const path = pathOf(entry);
        if (path === undefined || paths.has(path) || entry.directory.entries.get(entry.name) !== entry) continue;
        paths.add(path);
        yield path;
      }
    },
    recordNow: (path, recordAt) => {
      const entry = path === tree.rootPath ? undefined : entryAt(tree, path);
      return entry?.kind === "file" ? ofFile(tree, entry, path, recordAt) : ofDirectory(tree, path);
    },
    hasBeenRead: () => tree.root !== undefined,
  };
}
