package narrate

// PageKeys are words of the page (Kind UI) that are written before the page asks for them. A
// key that it asks for leaves this list, and the list goes when it is empty.
func PageKeys() []string {
	return []string{
		"page.before",
		"page.after",
		"page.knows",
		"page.with_secrets",
		"page.blank",
		"page.recompute",
		"page.myth",
		"page.part",
		"page.print",
		"page.what_if",
	}
}
