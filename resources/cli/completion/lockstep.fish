# Completion of lockstep in fish, made by "lockstep completion fish". Once:
#   lockstep completion fish > ~/.config/fish/completions/lockstep.fish
function __lockstep_command
    switch "$argv[1]"
        case 'serve'
            printf '%s\n' '' '--host=none --port=none --listen=none --tls-cert=file --tls-key=file --guest-memory=none --no-host-loopback --on-exit=suspend|power-off --no-open'
        case 'link'
            printf '%s\n' '' ''
        case 'logout'
            printf '%s\n' '' ''
        case 'host show'
            printf '%s\n' '' ''
        case 'vm create'
            printf '%s\n' 'vm' '--sample=linux|test --memory=none --bzimage=file --initrd=file --cmdline=none --multiboot=file --hda=file --disk-size=none --cdrom=file --fda=file --folder=none --network=none --nic=virtio|ne2k|none --checkpoint-minutes=none --boot=none* --vga-memory=none'
        case 'vm list'
            printf '%s\n' '' ''
        case 'vm show'
            printf '%s\n' 'vm' ''
        case 'vm set'
            printf '%s\n' 'vm none*' ''
        case 'vm clone'
            printf '%s\n' 'vm none' '--linked'
        case 'vm export'
            printf '%s\n' 'vm file' '--force'
        case 'vm import'
            printf '%s\n' 'file none' '--keep-mac'
        case 'vm delete'
            printf '%s\n' 'vm' ''
        case 'vm move'
            printf '%s\n' 'vm none' ''
        case 'folder list'
            printf '%s\n' '' ''
        case 'folder create'
            printf '%s\n' 'none' ''
        case 'folder rename'
            printf '%s\n' 'none none' ''
        case 'folder delete'
            printf '%s\n' 'none' ''
        case 'media insert'
            printf '%s\n' 'vm cdrom|fda file' '--folder=file'
        case 'media eject'
            printf '%s\n' 'vm cdrom|fda' ''
        case 'power on'
            printf '%s\n' 'vm' ''
        case 'power shutdown'
            printf '%s\n' 'vm' '--timeout=none --then=off'
        case 'power off'
            printf '%s\n' 'vm' ''
        case 'power reset'
            printf '%s\n' 'vm' ''
        case 'power pause'
            printf '%s\n' 'vm' ''
        case 'power suspend'
            printf '%s\n' 'vm' ''
        case 'power resume'
            printf '%s\n' 'vm' ''
        case 'snapshot take'
            printf '%s\n' 'vm none' '--note=none'
        case 'snapshot list'
            printf '%s\n' 'vm' ''
        case 'snapshot revert'
            printf '%s\n' 'vm none' ''
        case 'snapshot delete'
            printf '%s\n' 'vm none' ''
        case 'snapshot thumbnail'
            printf '%s\n' 'vm none file' '--force'
        case 'power unpause'
            printf '%s\n' 'vm' ''
        case 'checkpoint take'
            printf '%s\n' 'vm' ''
        case 'checkpoint resume'
            printf '%s\n' 'vm' '--yes'
        case 'ft on'
            printf '%s\n' 'vm' ''
        case 'ft off'
            printf '%s\n' 'vm' ''
        case 'ft suspend'
            printf '%s\n' 'vm' ''
        case 'ft resume'
            printf '%s\n' 'vm' ''
        case 'ft test-failover'
            printf '%s\n' 'vm' ''
        case 'ft test-restart-secondary'
            printf '%s\n' 'vm' ''
        case 'ft migrate'
            printf '%s\n' 'vm' ''
        case 'ft status'
            printf '%s\n' 'vm' ''
        case 'ft wait'
            printf '%s\n' 'vm' '--for=notConfigured|vmNotRunning|starting|protected|needSecondary|suspended --timeout=none'
        case 'console text'
            printf '%s\n' 'vm' ''
        case 'console screenshot'
            printf '%s\n' 'vm file' ''
        case 'console type'
            printf '%s\n' 'vm none' ''
        case 'console key'
            printf '%s\n' 'vm none' ''
        case 'console sound'
            printf '%s\n' 'vm file' '--seconds=none --force'
        case 'serial attach'
            printf '%s\n' 'vm' '--history'
        case 'network list'
            printf '%s\n' '' ''
        case 'network create'
            printf '%s\n' 'none' '--subnet=none --uplink=none'
        case 'network delete'
            printf '%s\n' 'none' ''
        case 'nic set'
            printf '%s\n' 'vm' '--network=none --type=virtio|ne2k|none'
        case 'forward add'
            printf '%s\n' 'vm none' ''
        case 'forward list'
            printf '%s\n' 'vm' ''
        case 'forward set'
            printf '%s\n' 'vm none none' ''
        case 'forward remove'
            printf '%s\n' 'vm none' ''
        case 'capture start'
            printf '%s\n' 'vm file' '--force'
        case 'capture stop'
            printf '%s\n' 'vm' ''
        case 'disk create'
            printf '%s\n' 'file none' '--parent=file'
        case 'disk info'
            printf '%s\n' 'file' ''
        case 'disk check'
            printf '%s\n' 'file' '--repair'
        case 'disk compact'
            printf '%s\n' 'file' ''
        case 'disk resize'
            printf '%s\n' 'file none' ''
        case 'disk import'
            printf '%s\n' 'file file' ''
        case 'disk export'
            printf '%s\n' 'file file' '--format=raw|qcow2'
        case 'record start'
            printf '%s\n' 'vm file' '--force'
        case 'record stop'
            printf '%s\n' 'vm' ''
        case 'events'
            printf '%s\n' 'vm' '--follow --since=none --before=none --limit=none --kind=none --severity=info|warning|error --search=none --format=csv|json'
        case 'tasks'
            printf '%s\n' 'vm' '--follow --limit=none --format=csv|json'
        case 'alarms'
            printf '%s\n' 'vm' '--all --limit=none --follow --format=csv|json'
        case 'alarm acknowledge'
            printf '%s\n' 'none' '--all --vm=vm'
        case 'task cancel'
            printf '%s\n' 'none' ''
        case 'metrics'
            printf '%s\n' 'vm' '--follow --range=1m|10m|1h|24h'
        case 'failovers'
            printf '%s\n' 'vm' '--limit=none'
        case 'fault'
            printf '%s\n' 'vm crash-primary|crash-secondary|hang-primary|hang-secondary|corrupt-secondary|cut-channel|delay-channel|heal none' '--at=none --count=none'
        case 'replay'
            printf '%s\n' 'file' '--to=none --verify'
        case 'help'
            printf '%s\n' 'none*' ''
        case 'completion'
            printf '%s\n' 'bash|zsh|fish|names' ''
        case 'man'
            printf '%s\n' '' ''
    end
end

function __lockstep_offer
    switch "$argv[1]"
        case vm
            lockstep completion names 2>/dev/null
        case file
            __fish_complete_path (commandline -ct)
        case none ''
        case '*'
            string split '|' -- $argv[1]
    end
end

function __lockstep_complete
    set -l plain
    set -l skip ''
    set -l tokens (commandline -opc)
    set -e tokens[1]
    for word in $tokens
        if test -n "$skip"
            set skip ''
            continue
        end
        switch $word
            case --data --host --port --listen --tls-cert --tls-key --guest-memory --on-exit --sample --memory --bzimage --initrd --cmdline --multiboot --hda --disk-size --cdrom --fda --folder --network --nic --checkpoint-minutes --boot --vga-memory --timeout --then --note --for --seconds --subnet --uplink --type --parent --format --since --before --limit --kind --severity --search --vm --range --at --count --to
                set skip $word
            case '-*'
            case '*'
                set -a plain $word
        end
    end
    set -l length 2
    set -l found (__lockstep_command "$plain[1] $plain[2]")
    if test (count $found) -eq 0
        set length 1
        set found (__lockstep_command "$plain[1]")
    end
    set -l takes (string split -n ' ' -- $found[1])
    set -l options (string split -n ' ' -- $found[2])
    if test -n "$skip"
        set -l kind none
        test $skip = --data; and set kind file
        for option in $options
            string match -q -- "$skip=*" $option; and set kind (string replace -- "$skip=" '' $option)
        end
        __lockstep_offer $kind
    else if string match -q -- '-*' (commandline -ct)
        string replace -r '=.*' '' -- --json --data --help $options
    else if test (count $found) -gt 0
        set -l index (math (count $plain) - $length + 1)
        if test $index -le (count $takes)
            __lockstep_offer (string replace -r '\*$' '' -- $takes[$index])
        else if string match -q -- '*\*' "$takes[-1]"
            __lockstep_offer (string replace -r '\*$' '' -- $takes[-1])
        end
    else if test (count $plain) -eq 0
        printf '%s\n' serve link logout host vm folder media power snapshot checkpoint ft console serial network nic forward capture disk record events tasks alarms alarm task metrics failovers fault replay help completion man
    else if test (count $plain) -eq 1
        switch $plain[1]
            case host
                printf '%s\n' show
            case vm
                printf '%s\n' create list show set clone export import delete move
            case folder
                printf '%s\n' list create rename delete
            case media
                printf '%s\n' insert eject
            case power
                printf '%s\n' on shutdown off reset pause suspend resume unpause
            case snapshot
                printf '%s\n' take list revert delete thumbnail
            case checkpoint
                printf '%s\n' take resume
            case ft
                printf '%s\n' on off suspend resume test-failover test-restart-secondary migrate status wait
            case console
                printf '%s\n' text screenshot type key sound
            case serial
                printf '%s\n' attach
            case network
                printf '%s\n' list create delete
            case nic
                printf '%s\n' set
            case forward
                printf '%s\n' add list set remove
            case capture
                printf '%s\n' start stop
            case disk
                printf '%s\n' create info check compact resize import export
            case record
                printf '%s\n' start stop
            case alarm
                printf '%s\n' acknowledge
            case task
                printf '%s\n' cancel
        end
    end
end

complete -c lockstep -f -a '(__lockstep_complete)'
