package lab

import (
	"context"
	"crypto/sha256"

	"tlslab/handshake/render/lesson"
	"tlslab/handshake/scenario"
)

// withoutEffect says which switches change nothing beside the others. Each was tried: the lesson is
// played again without it, from the same seed, and every event, each with all of its bytes, is the
// same. A lesson without a seed is another one each time, so nothing is said of it.
func withoutEffect(ctx context.Context, q Question, t *scenario.Transcript) (notes []string, err error) {
	if q.Lesson.Seed == "" {
		return nil, nil
	}
	with, err := digest(t)
	if err != nil {
		return nil, err
	}
	for _, g := range q.Lesson.Given() {
		if g.Name == nameSeed {
			continue
		}
		less := q.Lesson.Without(g.Name)
		if !plays(less) {
			continue // the others need it
		}
		t, err := play(ctx, less)
		if err != nil {
			return nil, err
		}
		if without, err := digest(t); err != nil {
			return nil, err
		} else if without == with {
			notes = append(notes, q.say("no_effect", "switch", g.Name))
		}
	}
	return notes, nil
}

// digest is the SHA-256 of a lesson as JSON, in which is all that happened.
func digest(t *scenario.Transcript) (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	if err := lesson.WriteJSON(h, t); err != nil {
		return sum, err
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}
