"""The desk's measures (body 24, rows 64 high at 1080) and its style sheet, made of the tokens of `ui.theme`."""

from __future__ import annotations

from kiosk.ui.theme import FAMILY, Look

BODY, SMALL, HEADING, TITLE, FIGURE = 24, 20, 28, 34, 44
ROW = 64
GAP = 16
PAD = 24
RAIL = 216
BAR = 84
FOOT = 52
RADIUS = 14

# tone -> token of the text; every tone also has words, never colour alone
TONES = {"": "ink", "quiet": "quiet", "good": "done", "bad": "stop", "wait": "notice_ink", "strong": "action"}


def style_sheet(look: Look) -> str:
    """Return the Qt style sheet of the whole desk for one look."""
    c, px = look.palette, look.px
    line, radius = px(2), px(RADIUS)
    return f"""
    QWidget {{ font-family: "{FAMILY}"; font-size: {px(BODY)}px; color: {c.ink}; }}
    QLabel {{ background: transparent; }}
    QLabel[role="title"] {{ font-size: {px(TITLE)}px; font-weight: bold; }}
    QLabel[role="heading"] {{ font-size: {px(HEADING)}px; font-weight: bold; }}
    QLabel[role="figure"] {{ font-size: {px(FIGURE)}px; font-weight: bold; }}
    QLabel[role="small"] {{ font-size: {px(SMALL)}px; color: {c.quiet}; }}
    QLabel[role="strong"] {{ font-weight: bold; }}
    QLabel[tone="quiet"] {{ color: {c.quiet}; }}
    QLabel[tone="good"] {{ color: {c.done}; font-weight: bold; }}
    QLabel[tone="bad"] {{ color: {c.stop}; font-weight: bold; }}
    QLabel[tone="strong"] {{ color: {c.action}; font-weight: bold; }}
    QFrame#desk {{ background: {c.paper}; }}
    QFrame#desk-bar, QFrame#desk-foot, QFrame#desk-rail {{ background: {c.card}; }}
    QFrame#desk-bar {{ border-bottom: {line}px solid {c.line}; }}
    QFrame#desk-foot {{ border-top: {line}px solid {c.line}; }}
    QFrame#desk-rail {{ border-right: {line}px solid {c.line}; }}
    QFrame[kind="card"] {{ background: {c.card}; border: {line}px solid {c.line}; border-radius: {radius}px; }}
    QFrame[kind="notice"] {{ background: {c.notice}; border: {line}px solid {c.notice_line}; border-radius: {radius}px; }}
    QFrame[kind="notice"] QLabel {{ color: {c.notice_ink}; font-weight: bold; }}
    QFrame[kind="good"] {{ background: {c.tint}; border: {line}px solid {c.action}; border-radius: {radius}px; }}
    QPushButton {{ background: {c.card}; border: {line}px solid {c.line}; border-radius: {radius}px;
        min-height: {px(ROW) - 2 * line}px; padding: 0 {px(18)}px; font-weight: bold; }}
    QPushButton:pressed {{ background: {c.tint}; }}
    QPushButton:checked {{ background: {c.tint}; border-color: {c.action}; }}
    QPushButton:focus {{ border: {px(4)}px solid {c.focus}; }}
    QPushButton:disabled {{ color: {c.quiet}; border-style: dashed; }}
    QPushButton[kind="primary"] {{ background: {c.action}; color: {c.on_action}; border-color: {c.action_edge};
        border-bottom-width: {px(6)}px; }}
    QPushButton[kind="primary"]:pressed {{ background: {c.action_edge}; }}
    QPushButton[kind="primary"]:focus {{ border: {px(4)}px solid {c.focus}; }}
    QPushButton[kind="primary"]:disabled {{ background: {c.card}; color: {c.quiet}; border: {line}px dashed {c.quiet}; }}
    QPushButton#sign-in-back {{ font-size: {px(40)}px; }}
    QPushButton[kind="outlined"] {{ color: {c.action}; border-color: {c.action}; }}
    QPushButton[kind="danger"] {{ color: {c.stop}; border-color: {c.stop}; }}
    QPushButton[kind="chip"] {{ padding: 0 {px(16)}px; font-weight: normal; }}
    QPushButton[kind="chip"]:checked {{ background: {c.action}; color: {c.on_action}; border-color: {c.action}; }}
    QPushButton[kind="rail"] {{ text-align: left; border-color: transparent; background: transparent; padding: 0 {px(8)}px;
        font-weight: normal; }}
    QPushButton[kind="rail"]:checked {{ background: {c.tint}; font-weight: bold; }}
    QPushButton[kind="rail"]:focus {{ border: {px(4)}px solid {c.focus}; }}
    QPushButton[kind="key"] {{ font-size: {px(34)}px; min-height: {px(84)}px; }}
    QPushButton[kind="type"], QPushButton[kind="next"], QPushButton[kind="word"] {{ font-size: {px(30)}px; padding: 0;
        min-height: {px(52)}px; }}
    QPushButton[kind="type"]:checked {{ background: {c.action}; color: {c.on_action}; border-color: {c.action}; }}
    QPushButton[kind="next"] {{ background: {c.action}; color: {c.on_action}; border-color: {c.action_edge}; }}
    QPushButton[kind="next"]:pressed {{ background: {c.action_edge}; }}
    QPushButton[kind="next"]:disabled {{ background: {c.card}; color: {c.quiet}; border-color: {c.quiet}; }}
    QPushButton[kind="word"] {{ font-size: {px(42)}px; font-weight: normal; background: {c.tint}; border-color: {c.action}; }}
    QFrame#desk-keyboard {{ background: {c.paper}; border: {px(3)}px solid {c.action}; border-radius: {radius}px; }}
    QFrame#desk-keyboard > QLabel {{ font-size: {px(28)}px; font-weight: bold; color: {c.ink}; }}
    QLineEdit, QPlainTextEdit {{ background: {c.card}; border: {line}px solid {c.quiet}; border-radius: {radius}px;
        min-height: {px(ROW) - 2 * line}px; padding: 0 {px(16)}px; placeholder-text-color: {c.quiet};
        selection-background-color: {c.action};
        selection-color: {c.on_action}; }}
    QLineEdit:focus {{ border: {px(4)}px solid {c.focus}; }}
    QLineEdit:disabled {{ border-style: dashed; color: {c.quiet}; }}
    QCheckBox {{ spacing: {px(14)}px; min-height: {px(52)}px; background: transparent; }}
    QCheckBox::indicator {{ width: {px(34)}px; height: {px(34)}px; border: {px(3)}px solid {c.quiet}; border-radius: {px(8)}px;
        background: {c.card}; }}
    QCheckBox::indicator:checked {{ background: {c.action}; border-color: {c.action}; }}
    QCheckBox:disabled {{ color: {c.quiet}; }}
    QCheckBox::indicator:disabled {{ border: {px(3)}px dotted {c.line}; }}
    QCheckBox:focus {{ border: {px(3)}px solid {c.focus}; border-radius: {px(8)}px; }}
    QTableView {{ background: {c.card}; border: {line}px solid {c.line}; border-radius: {radius}px; gridline-color: {c.line};
        outline: 0; }}
    QTableView:focus {{ border: {px(4)}px solid {c.focus}; }}
    QHeaderView {{ background: {c.card}; }}
    QHeaderView::section {{ background: {c.card}; color: {c.quiet}; font-size: {px(SMALL)}px; font-weight: bold; border: none;
        border-bottom: {line}px solid {c.line}; padding: {px(10)}px {px(12)}px; }}
    QScrollArea {{ background: transparent; border: none; }}
    QScrollArea > QWidget > QWidget#desk-scroll {{ background: transparent; }}
    QScrollBar:vertical {{ background: {c.paper}; width: {px(26)}px; margin: 0; }}
    QScrollBar::handle:vertical {{ background: {c.track}; border-radius: {px(9)}px; min-height: {px(80)}px; margin: {px(4)}px; }}
    QScrollBar::add-line:vertical, QScrollBar::sub-line:vertical {{ height: 0; }}
    QScrollBar::add-page:vertical, QScrollBar::sub-page:vertical {{ background: transparent; }}
    """
