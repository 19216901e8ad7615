# complete.zsh SCRIPT OUT LINE: types the line and a tab into an interactive zsh, and writes the matches to OUT.
zmodload zsh/zpty
zpty shell env TERM=dumb zsh -f -i
zpty -w shell "PS1=; PS2=; unsetopt zle_bracketed_paste; stty -echo; autoload -Uz compinit; compinit -u -D; source $1"
zpty -w shell 'zstyle ":completion:*" verbose no; compadd() { local -a found; builtin compadd -O found "$@"; for match in $found; do print -r -- "$match" >> $OUT; done; builtin compadd "$@"; }'
# The prompt comes when the line editor reads keys; before that, the kernel itself would take ^U for "kill the line".
zpty -w shell "OUT=$2; PS1=REA''DY"
zpty -r -m shell line '*READY*'
zpty -n -w shell "$3"$'\t'
zpty -w shell $'\x15print DO\'\'NE'
zpty -r -m shell line '*DONE*'
zpty -d shell
