package relay

// Case on the wire is that of ASCII (RFC 9110 §2.1). Unicode knows more: to strings.EqualFold
// U+017F is an s and U+212A a k, to strings.ToLower only the second, and to the next reader
// neither. Names that are compared in two ways are read in two ways.

// lower is s with the capitals of ASCII made small.
func lower(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				if 'A' <= b[j] && b[j] <= 'Z' {
					b[j] |= 0x20
				}
			}
			return string(b)
		}
	}
	return s
}

// sameName reports whether a and b are the same but for the case of ASCII.
func sameName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x |= 0x20; x != y|0x20 || x < 'a' || x > 'z' {
			return false
		}
	}
	return true
}
