/** Scripts that complete craned's commands, flags and their values in a shell, from the program's own description. */
import type { Command } from "commander";

interface Flag {
  /** `--data-dir`, and `-c` where it has a short one. */
  readonly names: readonly string[];
  readonly description: string;
  readonly value: "none" | "required" | "optional";
  /** The values that it can have; none where any will do, such as a file. */
  readonly choices: readonly string[];
}

interface CommandWords {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly Flag[];
  /** The values of the first argument; undefined where it may be a file. */
  readonly words: readonly string[] | undefined;
}

/** Reads the commands off the program, without what `--help` does not show. */
function commandsOf(program: Command): readonly CommandWords[] {
  const help = program.createHelp();
  const commands = help.visibleCommands(program);
  return commands.map((command) => {
    const [argument] = command.registeredArguments;
    const isHelp = command.name() === "help";
    return {
      name: command.name(),
      description: help.subcommandDescription(command),
      flags: help.visibleOptions(command).map(({ long, short, description, required, optional, argChoices }) => ({
        names: [long, short].filter((name) => name != null),
        description,
        value: required ? "required" : optional ? "optional" : "none",
        choices: argChoices ?? [],
      })),
      words: isHelp ? commands.map((each) => each.name()) : argument === undefined ? [] : argument.argChoices,
    };
  });
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function bash(commands: readonly CommandWords[]): string {
  const cases = commands.flatMap(({ name, flags, words = [] }) => [
    ...flags
      .filter(({ value }) => value === "required")
      .map(
        ({ names, choices }) =>
          `    ${names.map((each) => `${name}:${each}`).join("|")}) words=${quoted(choices.join(" "))} ;;`,
      ),
    `    ${name}:*) [[ $current == -* ]] && words=${quoted(flags.flatMap(({ names }) => names).join(" "))} || words=${quoted(words.join(" "))} ;;`,
  ]);
  return `# bash completion for craned: source <(craned completion bash)
_craned() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command=serve words
  # --flag=value is three words here.
  [[ $current == = ]] && current=
  [[ $previous == = ]] && previous=\${COMP_WORDS[COMP_CWORD - 2]}
  [[ \${COMP_WORDS[COMP_CWORD]} == = ]] && previous=\${COMP_WORDS[COMP_CWORD - 1]}
  ((COMP_CWORD > 1)) && [[ \${COMP_WORDS[1]} != -* ]] && command=\${COMP_WORDS[1]}
  case $command:$previous in
${cases.join("\n")}
  esac
  ((COMP_CWORD == 1)) && [[ $current != -* ]] && words=${quoted(commands.map(({ name }) => name).join(" "))}
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _craned craned
`;
}

function zsh(commands: readonly CommandWords[]): string {
  const escaped = (text: string): string => text.replace(/[\\[\]:]/g, "\\$&");
  const spec = ({ names, description, value, choices }: Flag): readonly string[] => {
    const action = choices.length === 0 ? "_files" : `(${choices.join(" ")})`;
    return names.map((name) => {
      const isLong = name.startsWith("--");
      const [sign, values] = {
        none: ["", ""],
        required: [isLong ? "=" : "", `:value:${action}`],
        optional: [isLong ? "=-" : "-", `::value:${action}`],
      }[value] as [string, string];
      return quoted(`${name}${sign}[${escaped(description)}]${values}`);
    });
  };
  const cases = commands.map(({ name, flags, words }) => {
    const rest = words === undefined ? "*:path:_files" : words.length === 0 ? undefined : `1:word:(${words.join(" ")})`;
    const specs = [...flags.flatMap(spec), ...(rest === undefined ? [] : [quoted(rest)])];
    return `    ${name})\n      _arguments \\\n        ${specs.join(" \\\n        ")}\n      ;;`;
  });
  return `#compdef craned
# zsh completion for craned: put it into a directory of $fpath as _craned, or source <(craned completion zsh)
_craned() {
  local command=serve
  local -a commands=(
    ${commands.map(({ name, description }) => quoted(`${name}:${escaped(description)}`)).join("\n    ")}
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe command commands
    return
  fi
  if [[ $words[2] != -* ]]; then
    command=$words[2]
    shift words
    (( CURRENT-- ))
  fi
  case $command in
${cases.join("\n")}
  esac
}
if [[ $funcstack[1] == _craned ]]; then _craned "$@"; else compdef _craned craned; fi
`;
}

function fish(commands: readonly CommandWords[]): string {
  const quotedHere = (text: string): string => `'${text.replace(/[\\']/g, "\\$&")}'`;
  const others = commands.filter(({ name }) => name !== "serve").map(({ name }) => name);
  const lines = commands.flatMap(({ name, description, flags, words }) => {
    // Without a command, it is serve.
    const here =
      name === "serve" ? `not __fish_seen_subcommand_from ${others.join(" ")}` : `__fish_seen_subcommand_from ${name}`;
    const complete = `complete -c craned -n ${quotedHere(here)}`;
    return [
      `complete -c craned -n __fish_use_subcommand -a ${name} -d ${quotedHere(description)}`,
      ...(words === undefined
        ? []
        : [`${complete} -f${words.length === 0 ? "" : ` -a ${quotedHere(words.join(" "))}`}`]),
      ...flags.map(({ names, description: meaning, value, choices }) => {
        const keys = names.map((each) => (each.startsWith("--") ? `-l ${each.slice(2)}` : `-s ${each.slice(1)}`));
        const values =
          choices.length > 0 ? ` -x -a ${quotedHere(choices.join(" "))}` : value === "required" ? " -r -F" : "";
        return `${complete} ${keys.join(" ")}${values} -d ${quotedHere(meaning)}`;
      }),
    ];
  });
  return `# fish completion for craned: craned completion fish | source\n${lines.join("\n")}\n`;
}

const SCRIPTS = { bash, zsh, fish };

/** The shells that there is a script for. */
export type Shell = keyof typeof SCRIPTS;
export const SHELLS = Object.keys(SCRIPTS) as readonly Shell[];

/** The script of a shell. */
export const completionScript = (shell: Shell, program: Command): string => SCRIPTS[shell](commandsOf(program));
