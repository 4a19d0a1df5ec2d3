package render

import (
	"strings"
)

// wrapCommand breaks a shell command into lines of at most n columns that the
// shell joins again. A break between two words is a backslash and an indentation;
// within a long word it is a backslash alone, and the word goes on in the first
// column. Between single quotes nothing can be broken. The command's own line
// breaks stay.
func wrapCommand(cmd string, n int) []string {
	var out []string
	quote := byte(0) // may be open across the command's own lines
	for _, l := range strings.Split(cmd, "\n") {
		start, space := 0, -1
		for i := 0; i < len(l); i++ {
			if quote != '\'' && i-start >= n-1 && len(l)-start > n {
				if space > start && nextSpace(l, space+1)-space < n-4 {
					out, start = append(out, l[start:space]+" \\"), space+1
				} else {
					out, start = append(out, l[start:i]+"\\"), i
				}
				space = -1
			}
			switch c := l[i]; {
			case quote == 0 && (c == '\'' || c == '"'):
				quote = c
			case quote != 0 && c == quote:
				quote = 0
			case quote != '\'' && c == '\\':
				i++
			case quote == 0 && c == ' ' && i-start < n-2:
				space = i
			}
		}
		out = append(out, l[start:])
	}
	return out
}

// nextSpace is where the word that begins at i ends.
func nextSpace(l string, i int) int {
	if j := strings.IndexByte(l[i:], ' '); j >= 0 {
		return i + j
	}
	return len(l)
}
