package lab

import (
	"bytes"
	"context"

	"tlslab/handshake/event"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/scenario"
	"tlslab/handshake/switches"
	"tlslab/handshake/transcript"
)

// withoutEffect says which switches change nothing beside the others. Each was tried: the lesson is
// played again without it, from the same seed, and every event, each with all of its bytes, is the
// same. A lesson without a seed is another one each time, so nothing is said of it.
func withoutEffect(ctx context.Context, q Question, t *scenario.Transcript) (notes []string, err error) {
	if q.Lesson.Seed == "" {
		return nil, nil
	}
	for _, g := range q.Lesson.Given() {
		if g.Name == nameSeed {
			continue
		}
		less := q.Lesson.Without(g.Name)
		if !plays(less) {
			continue // the others need it
		}
		if same, err := again(ctx, less, t); err != nil {
			return nil, err
		} else if same {
			notes = append(notes, q.say("no_effect", "switch", g.Name))
		}
	}
	return notes, nil
}

// again plays a lesson, and reports whether it is t once more. Most part early, and are not played
// any further. What is compared is the lesson as JSON, in which is all that happened.
func again(ctx context.Context, l switches.Lesson, t *scenario.Transcript) (bool, error) {
	o, err := l.Options()
	if err != nil {
		return false, err
	}
	var told []event.Event
	for _, f := range t.Flows {
		told = append(told, f.Events...)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var was, is bytes.Buffer
	wasWriter, isWriter := transcript.NewWriter(&was, ""), transcript.NewWriter(&is, "")
	parted := false
	now, err := scenario.Run(ctx, o, event.ListenerFunc(func(e event.Event) {
		if parted || len(told) == 0 {
			parted = true
			stop()
			return
		}
		wasWriter.Event(told[0])
		isWriter.Event(e)
		told, parted = told[1:], !bytes.Equal(was.Bytes(), is.Bytes())
		was.Reset()
		is.Reset()
	}))
	switch {
	case parted:
		return false, nil
	case err != nil:
		return false, err
	}
	for doc, t := range map[*bytes.Buffer]*scenario.Transcript{&was: t, &is: now} {
		doc.Reset()
		if err := lesson.WriteJSON(doc, t); err != nil {
			return false, err
		}
	}
	return bytes.Equal(was.Bytes(), is.Bytes()), nil
}
