# bash completion for posture-console. The program itself knows its commands and what their values can be.
_posture_console() {
	local program=${COMP_WORDS[0]/#\~/$HOME} word line quote= words=() i
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		# As typed: quotes and backslashes are still there.
		case $word in
		[\"\']*) [ $i = $COMP_CWORD ] && quote=${word:0:1}; word=${word//[\"\']/} ;;
		*) word=${word//\\/} ;;
		esac
		words+=("$word")
	done
	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
		:files) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$word") ;;
		:folders) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$word") ;;
		*)
			line=${line%%$'\t'*}
			if [ -n "$quote" ]; then COMPREPLY+=("$line"); else COMPREPLY+=("$(printf '%q' "$line")"); fi
			;;
		esac
	done < <("$program" complete "${words[@]}" 2>/dev/null)
}
complete -F _posture_console posture-console
