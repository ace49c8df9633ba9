//! Asking the workspaces what was measured.

use serde_json::Value as Json;
use stampctl_contract::Address;
use stampctl_contract::Fault;
use stampctl_contract::FaultClass;
use stampctl_contract::Settings;

use crate::azure::Azure;
use crate::client::Outgoing;
use crate::endpoints::Audience;
use crate::fault;
use crate::fault::permanent;
use crate::map::measures;
use crate::map::measures::Measures;
use crate::text::encode;
use crate::throttle::Class;
use crate::wire::Body;
use crate::wire::Method;

impl Azure {
    /// What was measured at one address: one query for each workspace.
    pub(crate) async fn measure(&self, address: &Address) -> Result<Option<Settings>, Fault> {
        let mut all = self.measures(Some(address)).await?;
        Ok(all.remove(address))
    }

    /// What was measured of everything, or of one address: one query for each workspace.
    pub(crate) async fn measures(&self, of: Option<&Address>) -> Result<Measures, Fault> {
        if self.places.workspaces.is_empty() {
            let why = "no Log Analytics workspace is configured, so nothing measures";
            return Err(permanent("NoWorkspace", why));
        }
        let mut all = Measures::new();
        for workspace in &self.places.workspaces {
            let query = measures::query(of, &self.places);
            let answer = self.ask_logs(workspace, query).await?;
            let rows = measures::read(&answer, &self.places)
                .map_err(|why| Fault::new(FaultClass::Transient, "PartialError", why))?;
            for (address, settings) in rows {
                all.entry(address).or_default().extend(settings);
            }
        }
        Ok(all)
    }

    async fn ask_logs(&self, workspace: &str, query: Json) -> Result<Json, Fault> {
        let logs = &self.client.endpoints().logs;
        let ask = Outgoing {
            method: Method::Post,
            url: format!("{logs}/workspaces/{}/query", encode(workspace)),
            audience: Audience::Logs,
            account: String::new(),
            class: Class::Logs,
            headers: vec![("prefer", "wait=60".to_owned())],
            body: Body::Json(query),
            asks: true,
            key: "logs".to_owned(),
        };
        let answer = self.client.send(&ask).await?;
        if !answer.ok() {
            return Err(fault::of_response(Method::Get, &answer));
        }
        answer
            .json()
            .ok_or_else(|| Fault::new(FaultClass::Transient, "NoJson", "the logs answered no JSON"))
    }
}
