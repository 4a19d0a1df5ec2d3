package render_test

import (
	"fmt"
	"os"

	"tlslab/handshake/event"
	"tlslab/handshake/render"
)

// Tea is a scene of a student's.
type Tea struct {
	event.Meta
	Cups int
}

const SceneTea event.SceneKey = "tea"

func (*Tea) Key() event.SceneKey     { return SceneTea }
func (t *Tea) Values() []event.Value { return []event.Value{{Name: "cups", Value: t.Cups}} }

// A scene shows its values; a layout writes it in a way of its own.
func ExampleLayout() {
	tea := &Tea{Meta: event.Meta{Party: "client"}, Cups: 2}
	for _, layout := range []render.Layout{nil, func(p *render.Pen, s event.Scene) bool {
		t, ok := s.(*Tea)
		if ok {
			p.Text(3, fmt.Sprintf("%s drinks %d cups.", p.Say.Party(t.Party), t.Cups), p.Paint.Bold)
		}
		return ok
	}} {
		page := render.NewTerminal(os.Stdout, render.TerminalOptions{Layout: layout})
		page.Event(tea)
		if err := page.Close(); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// client: tea
	//      cups 2
	//    client drinks 2 cups.
}
