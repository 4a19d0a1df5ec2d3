package narrate

import (
	"errors"
	"fmt"
	"strings"

	"tlslab/handshake/foreign"
	"tlslab/handshake/reason"
)

// phrase is the Kind of what stands in an error's details, in every language but English:
// the key is the format of a reason.Phrase, the title the same format in the language.
const phrase Kind = "phrase"

// Fault says an error in one line, as its Error does in English: reason, field, offset,
// what was expected, what came, cause, rule. Names of reasons, fields and protocols, and
// what a peer wrote, are the same in every language; so are the names in an error of the system (system.go). Any other
// error of another package, which speaks English, is introduced as such.
func Fault(l Lang, err error) string {
	if l == En {
		return foreign.Line(err.Error())
	}
	switch e := err.(type) {
	case *reason.Error:
		return fault(l, e)
	case *reason.Cause:
		return say(l, e.Phrase)
	case reason.Usage:
		return foreign.Line(Usage(l, e))
	}
	// One of ours within somebody's: the words around it stay.
	s := foreign.Line(err.Error())
	if inner := outermost(err); inner != nil {
		return strings.Replace(s, foreign.Line(inner.Error()), Fault(l, inner), 1)
	}
	if said, part := ofSystem(l, err); part != nil { // it stands behind the words of whoever met it
		was := foreign.Line(part.Error())
		if i := strings.LastIndex(s, was); i >= 0 {
			return s[:i] + said + s[i+len(was):]
		}
	}
	return s
}

// outermost is the outermost of the errors within err that has words of ours in both languages; nil if there is none.
func outermost(err error) error {
	switch e := err.(type) {
	case *reason.Error, *reason.Cause:
		return err
	case interface{ Unwrap() error }:
		return outermost(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			if found := outermost(part); found != nil {
				return found
			}
		}
	}
	return nil
}

// fault is reason.Error's Error in Chinese.
func fault(l Lang, e *reason.Error) string {
	s := e.Reason.String()
	if e.Field != "" {
		s += "，字段 " + e.Field
	}
	if e.Off >= 0 {
		s += fmt.Sprintf("，偏移 %d", e.Off)
	}
	between := "："
	switch {
	case e.Want != nil && e.Got != nil:
		s += between + is("应为", "应当", detail(l, e.Want, " 或 ")) + "，" + is("实际为", "实际", detail(l, e.Got, "、"))
		between = "；"
	case e.Want != nil:
		s += between + spaced("应有", detail(l, e.Want, " 或 "))
		between = "；"
	case e.Got != nil:
		s += between + spaced("收到", detail(l, e.Got, "、"))
		between = "；"
	}
	if e.Err != nil {
		s += between
		if _, part := ofSystem(l, e.Err); part != e.Err && !ours(e.Err) {
			s += "英文原文："
		}
		s += Fault(l, e.Err)
	}
	if e.Ref != "" {
		s += "（" + e.Ref + "）"
	}
	return s
}

// ours reports whether an error is, or holds, one that Fault can say.
func ours(err error) bool {
	return errors.As(err, new(*reason.Error)) || errors.As(err, new(*reason.Cause))
}

// detail is what was expected or what came.
func detail(l Lang, v any, between string) string {
	switch v := v.(type) {
	case reason.Phrase:
		return say(l, v)
	case foreign.Sentence:
		return "英文原文“" + v.String() + "”"
	}
	s := reason.Listed(v, between)
	if _, peers := v.(string); !peers && s == nothing.String() { // of bytes or a list that is empty
		return say(l, nothing)
	}
	return s
}

// nothing is what foreign.Value calls what is empty.
var nothing = reason.Say("none")

// say is a phrase in a language; in English if there is no entry for it, as for a phrase of
// a student's own group.
func say(l Lang, p reason.Phrase) string {
	format := p.Format
	if e, ok := Get(l, phrase, format); ok {
		format = e.Title
	}
	args := make([]any, len(p.Args))
	for i, a := range p.Args {
		switch a := a.(type) {
		case reason.Phrase:
			args[i] = foreign.Sentence(say(l, a))
		case reason.OneOf:
			args[i] = foreign.Sentence(strings.Join(a, " 或 "))
		case error:
			args[i] = foreign.Sentence(Fault(l, a))
		default:
			args[i] = a
		}
	}
	return reason.Phrase{Args: args}.In(format)
}

// is joins a verb and what follows. bare takes the verb's place if s begins with a verb.
func is(verb, bare, s string) string {
	if strings.HasPrefix(s, "没有") || s == "有" {
		return bare + s
	}
	return spaced(verb, s)
}

// spaced puts a space between Chinese and what is not, as the texts do.
func spaced(a, b string) string {
	if r := []rune(b); len(r) > 0 && r[0] < 0x2E80 && r[0] != '“' {
		return a + " " + b
	}
	return a + b
}
