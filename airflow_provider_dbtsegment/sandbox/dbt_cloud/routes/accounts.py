"""``/accounts/``"""

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from airflow_provider_dbtsegment.sandbox.dbt_cloud.envelope import success, success_page
from airflow_provider_dbtsegment.sandbox.dbt_cloud.query import Page
from airflow_provider_dbtsegment.sandbox.dbt_cloud.routes.dependencies import (
    Service,
    known_account,
)

router = APIRouter()


@router.get("/v2/accounts/")
@router.get("/v3/accounts/")
def list_accounts(service: Service) -> JSONResponse:
    """List the one account."""
    account = service.show_account()
    return success_page(Page([account], 1, 100, 0, "id", {}), [account])


@router.get("/v2/accounts/{account_id}/", dependencies=[Depends(known_account)])
@router.get("/v3/accounts/{account_id}/", dependencies=[Depends(known_account)])
def get_account(service: Service) -> JSONResponse:
    """Show the account."""
    return success(service.show_account())
