; What concerns the whole file.

(comment) @comment

(ERROR) @error

(module
  (if_statement
    condition: (comparison_operator
      .
      (identifier) @_name
      (string
        (string_content) @_value)
      .)) @main_guard
  (#eq? @_name "__name__")
  (#eq? @_value "__main__"))
