package tamper

import "bytes"

// Pass leaves everything as it is.
func Pass(_ Direction, rec []byte) [][]byte { return [][]byte{rec} }

// Captured is a record as it was seen in flight.
type Captured struct {
	Dir    Direction
	Record []byte // header included
}

// Record keeps a copy of every record in log, and passes it.
func Record(log *[]Captured) Script {
	return func(d Direction, rec []byte) [][]byte {
		*log = append(*log, Captured{d, bytes.Clone(rec)})
		return [][]byte{rec}
	}
}

// On applies s to the n-th record of a direction, counted from 0, and passes all others.
func On(d Direction, n int, s Script) Script {
	s = s.orPass()
	seen := 0
	return func(dir Direction, rec []byte) [][]byte {
		if dir != d {
			return [][]byte{rec}
		}
		seen++
		if seen-1 != n {
			return [][]byte{rec}
		}
		return s(dir, rec)
	}
}

// Edit changes a record in place.
func Edit(f func(rec []byte)) Script {
	return func(_ Direction, rec []byte) [][]byte {
		f(rec)
		return [][]byte{rec}
	}
}

// FlipLastBit is the smallest change there is.
func FlipLastBit(_ Direction, rec []byte) [][]byte {
	rec[len(rec)-1] ^= 1
	return [][]byte{rec}
}

// Drop lets nothing through.
func Drop(Direction, []byte) [][]byte { return nil }

// Replay sends a record twice.
func Replay(_ Direction, rec []byte) [][]byte { return [][]byte{rec, bytes.Clone(rec)} }

// Delay holds the n-th record of a direction, counted from 0, back until the next
// one of that direction has gone ahead of it.
func Delay(d Direction, n int) Script {
	seen := 0
	var held []byte
	return func(dir Direction, rec []byte) [][]byte {
		if dir != d {
			return [][]byte{rec}
		}
		seen++
		switch seen - 1 {
		case n:
			held = rec
			return nil
		case n + 1:
			return [][]byte{rec, held}
		}
		return [][]byte{rec}
	}
}

// Then gives what comes out of first to second.
func Then(first, second Script) Script {
	first, second = first.orPass(), second.orPass()
	return func(d Direction, rec []byte) [][]byte {
		var out [][]byte
		for _, r := range first(d, rec) {
			out = append(out, second(d, r)...)
		}
		return out
	}
}
