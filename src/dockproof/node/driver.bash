# The page's shell: bash reads its commands from a pipe, so that its terminal is the running
# program's alone, as it is a reader's. Started as: bash --noprofile --noediting --rcfile FILE -i
#
# After each command a mark with its exit status goes to the terminal, as an escape sequence of a
# private kind (ECMA-48's APC) that terminals don't show.
PS1= PS2= HISTFILE=
stty rows "$DOCKPROOF_ROWS" cols "$DOCKPROOF_COLUMNS" 2>/dev/null
until [ -p "$DOCKPROOF_PIPE" ]; do sleep 0.01; done
exec {__dockproof_in}<"$DOCKPROOF_PIPE"
__dockproof_list=$DOCKPROOF_PIPE.jobs
__dockproof_mark=$DOCKPROOF_MARK
unset DOCKPROOF_PIPE DOCKPROOF_MARK DOCKPROOF_ROWS DOCKPROOF_COLUMNS
__dockproof_status() { return "$1"; }
__dockproof_last=0
__dockproof_busy=
__dockproof_background=
# In a loop bash neither says `[1] 4711` of a job put into the background nor forgets ended ones.
__dockproof_jobs() {
  __dockproof_background=${!-}
  builtin jobs -l >"$__dockproof_list" # not through a pipe or <(…), which would change the page's $!
  while IFS=' ' builtin read -r __dockproof_number __dockproof_pid _; do
    [ "$__dockproof_pid" != "$!" ] || builtin printf '%s %s\n' "${__dockproof_number%[+-]}" "$__dockproof_pid"
  done <"$__dockproof_list"
}
# Bash drops out of the loop when a command dies of ^C; it comes back by way of its prompt.
__dockproof_loop() {
  __dockproof_last=$?
  if [ -n "$__dockproof_busy" ]; then
    __dockproof_busy=
    builtin printf '\e_%s;%d\e\\' "$__dockproof_mark" "$__dockproof_last"
  fi
  while IFS= builtin read -r -d '' -u "$__dockproof_in" __dockproof_command; do
    __dockproof_busy=1
    builtin history -s -- "$__dockproof_command"
    case $__dockproof_command in *'&'* | *jobs* | *fg* | *bg* | *%*) builtin jobs >/dev/null ;; esac
    __dockproof_status "$__dockproof_last"
    builtin eval "$__dockproof_command" {__dockproof_in}<&-
    __dockproof_last=$?
    [ "${!-}" = "$__dockproof_background" ] || __dockproof_jobs
    __dockproof_busy=
    builtin printf '\e_%s;%d\e\\' "$__dockproof_mark" "$__dockproof_last"
  done
  exit
}
PROMPT_COMMAND=__dockproof_loop
