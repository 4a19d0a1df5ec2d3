package predict

import (
	"encoding/json"
	"io"
)

// Quiz is the questions of a lesson.
type Quiz struct {
	Seed      string // the lesson's
	Questions []Question
}

// Score is what became of a quiz, as JSON has it. Members may be added; none changes its name.
type Score struct {
	Version int      `json:"tlslab"` // 1
	Seed    string   `json:"seed"`
	Right   int      `json:"right"` // so many of
	Asked   int      `json:"asked"`
	Answers []Answer `json:"answers"` // of all that was asked, in the lesson's order
}

// Answer is what was answered to a question.
type Answer struct {
	Moment  Moment   `json:"moment"`
	About   string   `json:"about"`   // Question.Place
	Choices []string `json:"choices"` // their keys, in the order in which they stood
	Chosen  string   `json:"chosen"`  // the key; "" if none was chosen
	Right   string   `json:"right"`   // the key of the one that is right
	Correct bool     `json:"correct"`
}

// Score counts answers: for each question the key that was chosen, or "".
func (z Quiz) Score(chosen []string) Score {
	s := Score{Version: 1, Seed: z.Seed, Asked: len(z.Questions), Answers: []Answer{}}
	for i, q := range z.Questions {
		a := Answer{Moment: q.Moment, About: q.Place, Right: q.Right().Key}
		for _, c := range q.Choices {
			a.Choices = append(a.Choices, c.Key)
		}
		if i < len(chosen) {
			a.Chosen = chosen[i]
		}
		if a.Correct = a.Chosen == a.Right; a.Correct {
			s.Right++
		}
		s.Answers = append(s.Answers, a)
	}
	return s
}

// WriteJSON writes a score. The error is the writer's.
func (s Score) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(s)
}
