package auditor.lib.text_test

import data.auditor.lib.text

test_one_and_many if {
	text.counted(1, "image", "images") == "1 image"
	text.counted(0, "image", "images") == "0 images"
	text.counted(2, "image has", "images have") == "2 images have"
}

test_names_are_sorted_and_capped if {
	text.names({"b", "a"}) == "a, b"
	endswith(text.names([sprintf("n%02d", [i]) | some i in numbers.range(1, 12)]), "n10 and 2 more")
}
