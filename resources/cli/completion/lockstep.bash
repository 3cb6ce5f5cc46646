# Completion of lockstep in bash, made by "lockstep completion bash". In ~/.bashrc:
#   source <(lockstep completion bash)
_lockstep_command() {
  case "$1" in
    'serve') takes='' options='--host=none --port=none --listen=none --tls-cert=file --tls-key=file --guest-memory=none --no-host-loopback --on-exit=suspend|power-off --no-open' ;;
    'link') takes='' options='' ;;
    'logout') takes='' options='' ;;
    'host show') takes='' options='' ;;
    'vm create') takes='vm' options='--sample=linux|test --memory=none --bzimage=file --initrd=file --cmdline=none --multiboot=file --hda=file --disk-size=none --cdrom=file --fda=file --folder=none --network=none --nic=virtio|ne2k|none --checkpoint-minutes=none --boot=none* --vga-memory=none' ;;
    'vm list') takes='' options='' ;;
    'vm show') takes='vm' options='' ;;
    'vm set') takes='vm none*' options='' ;;
    'vm clone') takes='vm none' options='--linked' ;;
    'vm export') takes='vm file' options='--force' ;;
    'vm import') takes='file none' options='--keep-mac' ;;
    'vm delete') takes='vm' options='' ;;
    'vm move') takes='vm none' options='' ;;
    'folder list') takes='' options='' ;;
    'folder create') takes='none' options='' ;;
    'folder rename') takes='none none' options='' ;;
    'folder delete') takes='none' options='' ;;
    'media insert') takes='vm cdrom|fda file' options='--folder=file' ;;
    'media eject') takes='vm cdrom|fda' options='' ;;
    'power on') takes='vm' options='' ;;
    'power shutdown') takes='vm' options='--timeout=none --then=off' ;;
    'power off') takes='vm' options='' ;;
    'power reset') takes='vm' options='' ;;
    'power pause') takes='vm' options='' ;;
    'power suspend') takes='vm' options='' ;;
    'power resume') takes='vm' options='' ;;
    'snapshot take') takes='vm none' options='--note=none' ;;
    'snapshot list') takes='vm' options='' ;;
    'snapshot revert') takes='vm none' options='' ;;
    'snapshot delete') takes='vm none' options='' ;;
    'snapshot thumbnail') takes='vm none file' options='--force' ;;
    'power unpause') takes='vm' options='' ;;
    'checkpoint take') takes='vm' options='' ;;
    'checkpoint resume') takes='vm' options='--yes' ;;
    'ft on') takes='vm' options='' ;;
    'ft off') takes='vm' options='' ;;
    'ft suspend') takes='vm' options='' ;;
    'ft resume') takes='vm' options='' ;;
    'ft test-failover') takes='vm' options='' ;;
    'ft test-restart-secondary') takes='vm' options='' ;;
    'ft migrate') takes='vm' options='' ;;
    'ft status') takes='vm' options='' ;;
    'ft wait') takes='vm' options='--for=notConfigured|vmNotRunning|starting|protected|needSecondary|suspended --timeout=none' ;;
    'console text') takes='vm' options='' ;;
    'console screenshot') takes='vm file' options='' ;;
    'console type') takes='vm none' options='' ;;
    'console key') takes='vm none' options='' ;;
    'console sound') takes='vm file' options='--seconds=none --force' ;;
    'serial attach') takes='vm' options='--history' ;;
    'network list') takes='' options='' ;;
    'network create') takes='none' options='--subnet=none --uplink=none' ;;
    'network delete') takes='none' options='' ;;
    'nic set') takes='vm' options='--network=none --type=virtio|ne2k|none' ;;
    'forward add') takes='vm none' options='' ;;
    'forward list') takes='vm' options='' ;;
    'forward set') takes='vm none none' options='' ;;
    'forward remove') takes='vm none' options='' ;;
    'capture start') takes='vm file' options='--force' ;;
    'capture stop') takes='vm' options='' ;;
    'disk create') takes='file none' options='--parent=file' ;;
    'disk info') takes='file' options='' ;;
    'disk check') takes='file' options='--repair' ;;
    'disk compact') takes='file' options='' ;;
    'disk resize') takes='file none' options='' ;;
    'disk import') takes='file file' options='' ;;
    'disk export') takes='file file' options='--format=raw|qcow2' ;;
    'record start') takes='vm file' options='--force' ;;
    'record stop') takes='vm' options='' ;;
    'events') takes='vm' options='--follow --since=none --before=none --limit=none --kind=none --severity=info|warning|error --search=none --format=csv|json' ;;
    'tasks') takes='vm' options='--follow --limit=none --format=csv|json' ;;
    'alarms') takes='vm' options='--all --limit=none --follow --format=csv|json' ;;
    'alarm acknowledge') takes='none' options='--all --vm=vm' ;;
    'task cancel') takes='none' options='' ;;
    'metrics') takes='vm' options='--follow --range=1m|10m|1h|24h' ;;
    'failovers') takes='vm' options='--limit=none' ;;
    'fault') takes='vm crash-primary|crash-secondary|hang-primary|hang-secondary|corrupt-secondary|cut-channel|delay-channel|heal none' options='--at=none --count=none' ;;
    'replay') takes='file' options='--to=none --verify' ;;
    'help') takes='none*' options='' ;;
    'completion') takes='bash|zsh|fish|names' options='' ;;
    'man') takes='' options='' ;;
    *) return 1 ;;
  esac
}

_lockstep_offer() {
  local IFS=$'\n' word
  case "$1" in
    vm)
      while IFS= read -r word; do
        [[ "$word" == "${cur//\\/}"* ]] && COMPREPLY+=("$(printf '%q' "$word")")
      done < <("${COMP_WORDS[0]}" completion names 2> /dev/null)
      ;;
    file)
      compopt -o filenames 2> /dev/null
      COMPREPLY=($(compgen -f -- "$cur"))
      ;;
    none | '') ;;
    *) COMPREPLY=($(compgen -W "${1//|/$'\n'}" -- "$cur")) ;;
  esac
}

_lockstep() {
  local cur="${COMP_WORDS[COMP_CWORD]}" word skip='' takes='' options='' option kind
  local -a plain=() kinds
  local -i at count=0 index
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at += 1)); do
    word="${COMP_WORDS[at]}"
    if [[ -n "$skip" ]]; then
      skip=''
      continue
    fi
    case "$word" in
      --data | --host | --port | --listen | --tls-cert | --tls-key | --guest-memory | --on-exit | --sample | --memory | --bzimage | --initrd | --cmdline | --multiboot | --hda | --disk-size | --cdrom | --fda | --folder | --network | --nic | --checkpoint-minutes | --boot | --vga-memory | --timeout | --then | --note | --for | --seconds | --subnet | --uplink | --type | --parent | --format | --since | --before | --limit | --kind | --severity | --search | --vm | --range | --at | --count | --to) skip="$word" ;;
      -*) ;;
      *) plain+=("$word") ;;
    esac
  done
  if _lockstep_command "${plain[0]-} ${plain[1]-}"; then
    count=2
  elif _lockstep_command "${plain[0]-}"; then
    count=1
  fi
  if [[ -n "$skip" ]]; then
    kind=none
    [[ "$skip" == --data ]] && kind=file
    for option in $options; do [[ "$option" == "$skip="* ]] && kind="${option#*=}"; done
    _lockstep_offer "$kind"
  elif [[ "$cur" == -* ]]; then
    COMPREPLY=($(for option in --json --data --help $options; do compgen -W "${option%%=*}" -- "$cur"; done))
  elif ((count > 0)); then
    kinds=($takes)
    index=$((${#plain[@]} - count))
    if ((index < ${#kinds[@]})); then
      _lockstep_offer "${kinds[index]%\*}"
    elif [[ "${takes: -1}" == '*' ]]; then
      _lockstep_offer "${kinds[-1]%\*}"
    fi
  elif ((${#plain[@]} == 0)); then
    COMPREPLY=($(compgen -W 'serve link logout host vm folder media power snapshot checkpoint ft console serial network nic forward capture disk record events tasks alarms alarm task metrics failovers fault replay help completion man' -- "$cur"))
  elif ((${#plain[@]} == 1)); then
    case "${plain[0]}" in
      host) COMPREPLY=($(compgen -W 'show' -- "$cur")) ;;
      vm) COMPREPLY=($(compgen -W 'create list show set clone export import delete move' -- "$cur")) ;;
      folder) COMPREPLY=($(compgen -W 'list create rename delete' -- "$cur")) ;;
      media) COMPREPLY=($(compgen -W 'insert eject' -- "$cur")) ;;
      power) COMPREPLY=($(compgen -W 'on shutdown off reset pause suspend resume unpause' -- "$cur")) ;;
      snapshot) COMPREPLY=($(compgen -W 'take list revert delete thumbnail' -- "$cur")) ;;
      checkpoint) COMPREPLY=($(compgen -W 'take resume' -- "$cur")) ;;
      ft) COMPREPLY=($(compgen -W 'on off suspend resume test-failover test-restart-secondary migrate status wait' -- "$cur")) ;;
      console) COMPREPLY=($(compgen -W 'text screenshot type key sound' -- "$cur")) ;;
      serial) COMPREPLY=($(compgen -W 'attach' -- "$cur")) ;;
      network) COMPREPLY=($(compgen -W 'list create delete' -- "$cur")) ;;
      nic) COMPREPLY=($(compgen -W 'set' -- "$cur")) ;;
      forward) COMPREPLY=($(compgen -W 'add list set remove' -- "$cur")) ;;
      capture) COMPREPLY=($(compgen -W 'start stop' -- "$cur")) ;;
      disk) COMPREPLY=($(compgen -W 'create info check compact resize import export' -- "$cur")) ;;
      record) COMPREPLY=($(compgen -W 'start stop' -- "$cur")) ;;
      alarm) COMPREPLY=($(compgen -W 'acknowledge' -- "$cur")) ;;
      task) COMPREPLY=($(compgen -W 'cancel' -- "$cur")) ;;
    esac
  fi
}

complete -F _lockstep lockstep
