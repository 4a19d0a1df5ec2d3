package scenario

import (
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
)

// silent passes on the events of an end that says nothing once it has failed. Its alert never
// leaves, so it is not told as an alert: a scene tells what the end found wrong.
type silent struct{ *play }

// Event passes an event on.
func (s silent) Event(e event.Event) {
	switch e := e.(type) {
	case *event.Record:
		if e.Dir == event.Send && e.Type == iana.Alert && len(e.Payload) == 2 && iana.AlertDescription(e.Payload[1]) != iana.CloseNotify {
			return
		}
	case *event.Alert:
		if e.Dir == event.Send && e.Err != nil {
			scene := &AttackerSilent{Meta: e.Meta, Err: e.Err}
			scene.Move, scene.Ref = "", "" // nothing moved
			s.play.Event(scene)
			return
		}
	}
	s.play.Event(e)
}
