#!/bin/sh
# sh measure.sh SECONDS CONTAINER...
# How much CPU time the main process of each container uses within those seconds.
seconds=$1
shift
files=$(docker inspect -f '/proc/{{.State.Pid}}/stat' "$@")
{
  echo "$files" | xargs cat
  sleep "$seconds"
  echo "$files" | xargs cat
} | awk -v names="$*" '
  { used[NR] = ($14 + $15) / 100 } # in user and in system mode, in 1/100 s
  END {
    count = split(names, name, " ")
    for (i = 1; i <= count; i++)
      printf "%s %.2fs\n", name[i], used[count + i] - used[i]
  }'
