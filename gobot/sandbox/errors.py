"""Binance's error answers: status, code and text.  Source: its lists of error codes for USDⓈ-M futures and spot."""

from __future__ import annotations

from typing import Any

_TEXTS = {
    -1000: "An unknown error occurred while processing the request.",
    -1001: "Internal error; unable to process your request. Please try again.",
    -1007: "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    -1008: "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try "
    "again.",
    -1015: "Too many new orders; current limit is {0} orders per {1}.",
    -1021: "Timestamp for this request is outside of the recvWindow.",
    -1022: "Signature for this request is not valid.",
    -1100: "Illegal characters found in parameter '{0}'; legal range is '{1}'.",
    -1101: "Too many parameters sent for this endpoint.",
    -1102: "Mandatory parameter '{0}' was not sent, was empty/null, or malformed.",
    -1104: "Not all sent parameters were read; read '{0}' parameter(s) but was sent '{1}'.",
    -1106: "Parameter '{0}' sent when not required.",
    -1111: "Precision is over the maximum defined for this asset.",
    -1115: "Invalid timeInForce.",
    -1116: "Invalid orderType.",
    -1117: "Invalid side.",
    -1120: "Invalid interval.",
    -1121: "Invalid symbol.",
    -1125: "This listenKey does not exist.",
    -1127: "More than {0} hours between startTime and endTime.",
    -1128: "Combination of optional parameters invalid.",
    -1130: "Data sent for parameter '{0}' is not valid.",
    -2011: "Unknown order sent.",
    -2013: "Order does not exist.",
    -2014: "API-key format invalid.",
    -2015: "Invalid API-key, IP, or permissions for action.",
    -2019: "Margin is insufficient.",
    -2021: "Order would immediately trigger.",
    -2022: "ReduceOnly Order is rejected.",
    -2025: "Reach max open order limit.",
    -2027: "Exceeded the maximum allowable position at current leverage.",
    -4000: "Invalid order status.",
    -4001: "Price less than 0.",
    -4002: "Price greater than max price.",
    -4003: "Quantity less than or equal to zero.",
    -4004: "Quantity less than min quantity.",
    -4005: "Quantity greater than max quantity.",
    -4007: "Price less than stop price.",
    -4013: "Price less than min price.",
    -4014: "Price not increased by tick size.",
    -4015: "Client order id length should not be more than 36 chars.",
    -4016: "Price is higher than mark price multiplier cap.",
    -4023: "Qty not increased by step size.",
    -4024: "Price is lower than mark price multiplier floor.",
    -4028: "Leverage {0} is not valid.",
    -4045: "Reach max stop order limit.",
    -4046: "No need to change margin type.",
    -4047: "Margin type cannot be changed if there exists open orders.",
    -4048: "Margin type cannot be changed if there exists position.",
    -4055: "Amount must be positive.",
    -4059: "No need to change position side.",
    -4061: "Order's position side does not match user's setting.",
    -4067: "Position side cannot be changed if there exists open orders.",
    -4068: "Position side cannot be changed if there exists position.",
    -4108: "This symbol is on delivering or delivered or settling or closed or pre-trading.",
    -4116: "ClientOrderId is duplicated.",
    -4118: "ReduceOnly Order Failed. Please check your existing position and open orders.",
    -4120: "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
    -4130: "An open stop or take profit order with GTE and closePosition in the direction is existing.",
    -4131: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
    -4136: "Target strategy invalid for orderType '{0}',closePosition '{1}'.",
    -4138: "Quantity must be zero with closePosition equals true.",
    -4140: "Invalid symbol status for opening position.",
    -4161: "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
    -4164: "Order's notional must be no smaller than {0} (unless you choose reduce only).",
    -4509: "Time in Force (TIF) GTE can only be used with open positions or open orders. Please ensure that positions "
    "are available.",
    -5021: "Due to the order could not be filled immediately, the FOK order has been rejected. The order will not be "
    "recorded in the order history",
    -5022: "Due to the order could not be executed as maker, the Post Only order will be rejected. The order will "
    "not be recorded in the order history",
}
_STATUS = {-1000: 500, -1001: 503, -1007: 408, -1008: 503, -1015: 429, -2014: 401, -2015: 401}


class ApiError(Exception):
    """A request that Binance answers with an error.  ``details`` fill the gaps in the code's text."""

    def __init__(self, code: int, *details: object, text: str | None = None, status: int | None = None) -> None:
        self.code = code
        self.text = (text or _TEXTS[code]).format(*details) if details else text or _TEXTS[code]
        self.status = status or _STATUS.get(code, 400)
        super().__init__(f"{code}: {self.text}")

    @property
    def document(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"code": self.code, "msg": self.text}
