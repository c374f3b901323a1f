    .section .rodata
    .global farshore_report_page_begin
    .global farshore_report_page_end
farshore_report_page_begin:
    .incbin "drill/report_page.html"
farshore_report_page_end:
    .section .note.GNU-stack,"",@progbits
