"""What each choice of a recipe gives: the plan, its runs, and several looks at a clip."""
