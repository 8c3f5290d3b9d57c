# fish completion for posture-console. The program itself knows its commands and what their values can be.
function __posture_console_complete
	set -l words (commandline -opc)
	set -l word (commandline -ct)
	for line in ($words[1] complete $words[2..-1] "$word" 2>/dev/null)
		switch $line
			case :files
				__fish_complete_path $word
			case :folders
				__fish_complete_directories $word
			case '*'
				echo $line
		end
	end
end
complete -c posture-console -f -a '(__posture_console_complete)'
