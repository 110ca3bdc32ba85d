"""The addresses of the pages."""

from django.urls import include, path
from django.views.generic import RedirectView

from trocar_clinic.pages import accounts, books, custody, quality, register, self_assessments, spreadsheets, today
from trocar_clinic.pages.monitors import monitors
from trocar_clinic.pages.results import result_archive, result_file
from trocar_clinic.pages.sheets import sheet, sheet_file
from trocar_clinic.pages.workspace import addresses as workspace_addresses

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="today"), name="home"),
    path("today/", today.today, name="today"),
    path("search/", today.search, name="search"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/new/", accounts.new_account, name="new-account"),
    path("accounts/<int:number>/", accounts.change_account, name="change-account"),
    path("trail/", accounts.trail, name="trail"),
    path("welcome/<str:word>/", accounts.welcome, name="welcome"),
    path("language/", today.language, name="language"),
    path("workspace/<int:number>/", include(workspace_addresses)),
    path("results/<int:number>/", result_archive, name="result-archive"),
    path("results/<int:number>/<path:name>", result_file, name="result-file"),
    path("sheets/<slug:name>/<int:number>/", sheet, name="sheet"),
    path("sheets/<slug:name>/<int:number>/<slug:language>.pdf", sheet_file, name="sheet-file"),
    path("custody/ledger/", custody.seed_ledger, name="seed-ledger"),
    path("monitors/", monitors, name="monitors"),
    path("quality/", quality.overview, name="quality"),
    path("quality/take/", quality.take, name="take-record"),
    path("quality/check/", self_assessments.check_report, name="check-report"),
    path("quality/self-assessments/", self_assessments.assessments, name="self-assessments"),
    path("quality/self-assessments/<int:number>/sign/", self_assessments.sign, name="sign-assessment"),
    path("quality/self-assessments/<int:number>/sign-off/", self_assessments.sign_off_sheet, name="sign-off"),
    path("quality/self-assessments/<int:number>/<str:name>/", self_assessments.assessment_file, name="assessment-file"),
    path("quality/cases/<int:number>/", register.register_case, name="register-case"),
    path("quality/of/<slug:slug>/", quality.overview, name="quality-of"),
    path("quality/of/<slug:slug>/cases/", register.cases, name="register-cases"),
    path("quality/of/<slug:slug>/ability/", register.ability, name="ability"),
    path("quality/of/<slug:slug>/survival.svg", register.survival_picture, name="survival-chart"),
    path("quality/of/<slug:slug>/<str:key>/", quality.indicator, name="indicator"),
    path("quality/of/<slug:slug>/<str:key>/<slug:kind>.svg", quality.chart, name="indicator-chart"),
    path("records/<slug:slug>/", books.listing, name="listing"),
    path("records/<slug:slug>/new/", books.new, name="new"),
    path("records/<slug:slug>/spreadsheet/", books.spreadsheet, name="spreadsheet"),
    path("records/<slug:slug>/bring/", spreadsheets.bring_sheet, name="bring-sheet"),
    path("records/<slug:slug>/bring/<int:number>/", spreadsheets.map_sheet, name="map-sheet"),
    path("records/<slug:slug>/<int:number>/", books.detail, name="detail"),
    path("records/<slug:slug>/<int:number>/correct/", books.correct, name="correct"),
    path("records/<slug:slug>/<int:number>/void/", books.void, name="void"),
    path("records/<slug:slug>/<int:number>/history/", books.history, name="history"),
    path("records/<slug:slug>/<int:number>/do/<slug:name>/", books.do, name="do"),
    path("records/<slug:slug>/<int:number>/file/<slug:name>/", books.file, name="file"),
]
