package pki

import "time"

// A moment is shown with as many digits as decide. Certificates have whole seconds, the
// clock has more: half a second after notAfter must not look like notAfter itself.

// deciding is t in UTC without the fraction of its second, unless that would change
// whether it lies before or after one of the others.
func deciding(t time.Time, others ...time.Time) time.Time {
	t = t.UTC()
	whole := t.Truncate(time.Second)
	for _, other := range others {
		if whole.Compare(other) != t.Compare(other) {
			return t
		}
	}
	return whole
}

// instants writes two moments, as RFC 3339 does, so that a reader sees which is earlier.
func instants(a, b time.Time) (string, string) {
	a, b = deciding(a, b), deciding(b, a)
	return a.Format(time.RFC3339Nano), b.Format(time.RFC3339Nano)
}
