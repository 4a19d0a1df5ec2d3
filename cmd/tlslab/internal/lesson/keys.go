package lesson

import (
	"errors"
	"io"
	"strings"

	"tlslab/handshake/foreign"
	"tlslab/handshake/render/sheet"
)

// What can be typed where --step waits: a letter and Enter, so that it works from a file, too.

// key does what a line asks for, and reports whether the lesson is to go on.
func (s *stepper) key(line string) (on bool) {
	switch {
	case line == "":
		return true
	case line == "b":
		if len(s.past) == 0 || s.back > len(s.past) {
			s.phrase("step_nothing")
			return false
		}
		s.again(s.past[len(s.past)-s.back].shown)
		s.back++
	case line == "d":
		at := max(s.back-1, 1) // the one that b has shown, or the last
		if at > len(s.past) {
			s.phrase("step_nothing")
			return false
		}
		s.again(s.past[len(s.past)-at].bytes)
	case line == "/" && s.last == "":
		s.phrase("step_no_search")
	case strings.HasPrefix(line, "/"):
		if line != "/" {
			s.last = line[1:]
		}
		s.seek = s.last
		return true
	case line == "?":
		s.phrase("step_help")
	case line == "q":
		s.err = errQuit
		return true
	default:
		s.phrase("step_unknown", "key", foreign.Quote(line))
		s.phrase("step_help")
	}
	return false
}

// again shows what was shown, or the same with every byte, and says that there is more to come.
func (s *stepper) again(text string) {
	if strings.TrimSpace(text) == "" {
		s.phrase("step_nothing")
		return
	}
	if _, s.err = io.WriteString(s.prompt, text); s.err == nil {
		s.phrase("press_enter")
	}
}

// phrase says one of the page's phrases where the prompts stand.
func (s *stepper) phrase(key string, pairs ...string) {
	page := s.options.Page(s.prompt)
	page.Text(0, sheet.Speak(s.options.Lang).UI(key, pairs...), page.Paint.Bold)
	s.err = page.Err()
}

// ended says where the lesson was stopped, or that what was looked for did not come.
func (s *stepper) ended() error {
	say := sheet.Speak(s.options.Lang)
	switch {
	case errors.Is(s.err, errQuit):
		s.phrase("step_stopped", "party", say.Party(s.role.String()), "state", say.State(s.state))
	case s.seek != "" && !contains(s.shown.String(), s.seek):
		s.phrase("step_not_found", "text", foreign.Quote(s.seek))
	default:
		return nil
	}
	return s.err
}
