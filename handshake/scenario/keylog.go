package scenario

import (
	"bytes"
	"slices"
)

// track takes down that a connection of the flow has been heard on the wire.
func (p *play) track(l *line) {
	if !slices.Contains(p.lines, l) {
		p.lines = append(p.lines, l)
	}
}

// keyLogs is what all ends of the flow's connections have logged, each line once: both
// ends of a connection log the same.
func (p *play) keyLogs() []byte {
	var out []byte
	seen := map[string]bool{}
	for _, l := range p.lines {
		for _, e := range []*end{&l.c, &l.s} {
			for line := range bytes.Lines(e.keys.Bytes()) {
				if !seen[string(line)] {
					seen[string(line)] = true
					out = append(out, line...)
				}
			}
		}
	}
	return out
}
