# bash completion for svarm; the words come from the program itself.
_svarm() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} cmd='' verb='' verbs='' i

	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} != -* ]]; then
			if [[ -n $cmd ]]; then
				verb=${COMP_WORDS[i]}
				break
			fi
			cmd=${COMP_WORDS[i]}
		fi
	done
	# Commands of two words say their second ones among the others, without a hyphen.
	[[ -z $cmd || -n $verb ]] || verbs=$(svarm help --words "$cmd" 2>/dev/null | grep -v '^-')
	if [[ -z $cmd ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(svarm help --words) --help --version" -- "$cur")
	elif [[ $prev == --templates || $prev == --images ]]; then
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(svarm help --words "$cmd" 2>/dev/null)" -- "$cur")
	elif [[ -n $verbs ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur")
	elif [[ $cmd == help ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(svarm help --words)" -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}
complete -o filenames -F _svarm svarm
