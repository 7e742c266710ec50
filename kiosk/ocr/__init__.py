"""What the camera reads: cards (`card_ocr`, by `worker`), sheets of paper (`paper`, by `app.desk_papers`), codes (`codes`, by
`app.code_worker`). Nothing of a picture is kept.
"""
