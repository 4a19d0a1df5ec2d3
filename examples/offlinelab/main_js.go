package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"runtime/debug"
	"strings"
	"syscall/js"

	"tlslab/handshake/lab"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/scenario"
	"tlslab/handshake/switches"
)

// main gives offline.js two functions, says so, and stays for as long as they may be called.
//
//	tlslabAnswer("?tls=1.3", "en") is {page, address}: a document, and the address that it has
//	tlslabJSON("?tls=1.3&seed=7") is the same lesson as tlslab run --format json prints it
func main() {
	js.Global().Set("tlslabAnswer", js.FuncOf(func(_ js.Value, args []js.Value) any {
		page, at := answer(args[0].String(), narrate.Lang(args[1].String()))
		return map[string]any{"page": page, "address": at}
	}))
	js.Global().Set("tlslabJSON", js.FuncOf(func(_ js.Value, args []js.Value) any {
		doc, err := document(args[0].String())
		if err != nil {
			return err.Error()
		}
		return doc
	}))
	js.Global().Call("dispatchEvent", js.Global().Get("Event").New("tlslab"))
	select {}
}

// answer is the page that an address asks for, and the address of that page: with a seed, so that
// it is the same page whenever it is asked for. There is always a page; it says what is wrong.
func answer(address string, lang narrate.Lang) (page, at string) {
	q, wrong := parse(address, lang)
	if wrong == nil {
		address = q.Address().String()
	}
	l := &lab.Lab{Version: version()}
	a, err := played(l, q, wrong)
	if err != nil { // a fault of ours, told where a contradiction is
		a, err = l.Answer(context.Background(), q, &switches.Error{Text: reason.Usagef("%s", narrate.Fault(q.Lang, err))})
	}
	if err != nil {
		panic(err) // a refusal needs nothing that could fail
	}
	return string(a.Page), address
}

// played answers. A fault of ours costs this answer, and not the engine.
func played(l *lab.Lab, q lab.Question, wrong error) (a *lab.Answer, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("a fault of ours: %v", fault)
		}
	}()
	return l.Answer(context.Background(), q, wrong)
}

// parse reads an address, and gives a seed to one that has none.
func parse(address string, lang narrate.Lang) (lab.Question, error) {
	values, err := url.ParseQuery(strings.TrimPrefix(address, "?"))
	q, wrong := lab.Parse(values, lang)
	if q.Lesson.Seed == "" {
		q.Lesson.Seed = rand.Text()[:8]
	}
	if err != nil {
		wrong = &switches.Error{Text: reason.Usagef("%s", err.Error())}
	}
	return q, wrong
}

// document is a lesson as JSON.
func document(address string) (string, error) {
	q, wrong := parse(address, narrate.En)
	o, err := q.Lesson.Options()
	if err := errors.Join(wrong, err); err != nil {
		return "", err
	}
	t, err := scenario.Run(context.Background(), o, nil)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = lesson.WriteJSON(&b, t)
	return b.String(), err
}

// version is what the page names.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return info.Main.Version + " (" + info.GoVersion + ")"
}
