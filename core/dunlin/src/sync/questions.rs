//! Carries out what a session wants from the node: asks the space's engine, which hands its
//! answer straight back to the session.

use std::sync::Arc;

use dunlin_model::{DocHash, DocId, SpaceId};
use dunlin_proto::{
    error::{PeerMisbehaved, RefuseCode},
    session::{Effect, Outcome, Session},
};

use super::{hub::Hub, link::Link, status::Refusal};
use crate::{
    engine::{Apply, Engine, Origin},
    error::{Error, Result},
    space::SpaceInner,
};

/// What a session says to an answer: it may show what the peer did wrong, and then the session
/// closes by itself.
type Verdict = Result<(), PeerMisbehaved>;

/// Carries out one effect, or starts to; waits only where an engine's queue is full.
///
/// # Errors
/// What makes the connection useless.
pub(super) async fn carry_out(hub: &Arc<Hub>, link: &Arc<Link>, effect: Effect) -> Result<()> {
    match effect {
        Effect::Opened { space, peer_role, .. } => {
            link.handle.authorise();
            link.standing().insert(space, peer_role);
            hub.reports().met(link.address());
            hub.core.peers_changed();
            link.session().set_presence(&space, find(hub, &space)?.presence().ours());
            let (hub_of_task, link) = (hub.clone(), link.clone());
            hub.spawn(async move { hub_of_task.member_met(&link).await });
            Ok(())
        }
        Effect::Statements { space, statements } => {
            find(hub, &space)?.add_statements(&statements, Some(link.id)).await.map(drop)
        }
        Effect::NeedSummary { space } => {
            ask_slowly(hub, link, &space, Engine::fingerprint, move |session, summary| {
                session.handle_summary(&space, summary);
                Ok(())
            })
        }
        Effect::NeedItems { space } => {
            ask_slowly(hub, link, &space, Engine::items, move |session, items| {
                session.handle_items(&space, items)
            })
        }
        Effect::NeedVectors { space, documents } => {
            let ask = move |engine: &mut Engine| engine.vectors(&documents);
            ask_engine(hub, link, &space, ask, move |session, held| {
                session.handle_vectors(&space, held);
                Ok(())
            })
            .await
        }
        Effect::NeedDiffs { space, wants, budget } => {
            let ask = move |engine: &mut Engine| engine.diffs(&wants, budget);
            ask_engine(hub, link, &space, ask, move |session, diffs| {
                session.handle_diffs(&space, diffs);
                Ok(())
            })
            .await
        }
        Effect::Apply { space, updates, live: is_live, unit: is_unit } => {
            let inner = find(hub, &space)?;
            let from = origin(&inner, link);
            let names: Vec<DocId> = updates.iter().map(|update| update.doc.clone()).collect();
            let link = link.clone();
            let reply = Box::new(move |outcomes: Result<Vec<(DocId, Outcome)>>| {
                let outcomes = outcomes.unwrap_or_else(|_| {
                    // No room, for instance: what is missing is fetched again later.
                    link.reconcile_later(space);
                    names.into_iter().map(|doc| (doc, Outcome::Failed)).collect()
                });
                link.answer(|session| session.handle_applied(&space, outcomes));
            });
            inner.engine().apply(Apply { from, updates, is_live, is_unit, reply }).await
        }
        Effect::InSync { space, equal } => {
            if equal {
                hub.reports().equal(&space, link.peer());
            }
            Ok(())
        }
        Effect::Diverged { space, documents } => {
            let suspects = documents.clone();
            let recheck = move |engine: &mut Engine| engine.recheck(&suspects);
            if find(hub, &space)?.engine().call_behind(recheck).await? {
                link.session().reconcile(&space);
                return Ok(());
            }
            tracing::warn!(
                space = %space.short(),
                peer = %link.peer().short(),
                "{} documents have diverged",
                documents.len()
            );
            hub.reports().diverged(space, documents);
            Ok(())
        }
        Effect::SetAside { space, documents } => {
            let peer = link.peer();
            tracing::info!(
                space = %space.short(),
                peer = %peer.short(),
                "{} documents do not fit",
                documents.len()
            );
            hub.reports().set_aside(space, peer, documents);
            hub.core.peers_changed();
            Ok(())
        }
        Effect::Refused { space, documents, code } => {
            note_refusal(hub, link, space, documents, code, false).await
        }
        Effect::Denied { space, documents, code } => {
            note_refusal(hub, link, space, documents, code, true).await
        }
        Effect::Presence { space, presence } => {
            find(hub, &space)?.presence().heard(link.peer(), presence);
            Ok(())
        }
        effect => Err(Error::internal(format!("an unknown effect: {effect:?}"))),
    }
}

/// Asks an engine a short question.
async fn ask_engine<T: Send + 'static>(
    hub: &Hub,
    link: &Arc<Link>,
    space: &SpaceId,
    ask: impl FnOnce(&mut Engine) -> Result<T> + Send + 'static,
    answer: impl FnOnce(&mut Session, T) -> Verdict + Send + 'static,
) -> Result<()> {
    let inner = find(hub, space)?;
    let link = link.clone();
    inner.engine().post_behind(move |engine| finish(&link, ask(engine), answer)).await
}

/// Asks an engine a question that needs all digests, which are computed in slices before, so that
/// writers go on meanwhile.
fn ask_slowly<T: Send + 'static>(
    hub: &Hub,
    link: &Arc<Link>,
    space: &SpaceId,
    ask: impl FnOnce(&mut Engine) -> Result<T> + Send + 'static,
    answer: impl FnOnce(&mut Session, T) -> Verdict + Send + 'static,
) -> Result<()> {
    let inner = find(hub, space)?;
    let link = link.clone();
    hub.spawn(async move {
        let settled = inner.engine().settle_digests().await;
        let answering = link.clone();
        let posted = match settled {
            Ok(()) => {
                let ask = move |engine: &mut Engine| finish(&answering, ask(engine), answer);
                inner.engine().post_behind(ask).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = posted {
            link.fail(&error);
        }
    });
    Ok(())
}

fn finish<T>(link: &Link, answer: Result<T>, hand_over: impl FnOnce(&mut Session, T) -> Verdict) {
    match answer {
        Ok(answer) => link.answer(|session| hand_over(session, answer)),
        Err(error) => link.fail(&error),
    }
}

async fn note_refusal(
    hub: &Hub,
    link: &Link,
    space: SpaceId,
    documents: Vec<DocHash>,
    code: RefuseCode,
    by_us: bool,
) -> Result<()> {
    let named = find(hub, &space)?.engine().call(move |engine| engine.name(&documents)).await?;
    let refusal = Refusal { peer: link.peer(), space, documents: named, by_us, code };
    tracing::info!(peer = %refusal.peer.short(), space = %space.short(), by_us, "refused: {code}");
    hub.reports().refused(refusal);
    Ok(())
}

fn find(hub: &Hub, space: &SpaceId) -> Result<Arc<SpaceInner>> {
    hub.core.space(space).ok_or_else(|| Error::internal("a session names an unknown space"))
}

fn origin(space: &SpaceInner, link: &Link) -> Origin {
    let device = link.peer();
    let kind = space.roster().member(device).map(|member| member.profile.kind).unwrap_or_default();
    Origin { link: link.id, device, kind }
}
