"""The modules that each of our two Asterisks loads, and which module brings which application."""

from __future__ import annotations

_COMMON = """
pbx_config res_clioriginate func_callerid func_channel func_db func_dialplan func_env func_global func_logic
func_math func_rand func_strings func_timeout func_talkdetect func_cut func_groupcount
func_uri func_periodic_hook
app_exec app_mixmonitor app_playback app_playtones app_record app_senddtmf app_stack app_userevent app_verbose
app_chanspy app_dial app_echo app_read
bridge_builtin_features bridge_holding bridge_native_rtp bridge_simple bridge_softmix
codec_alaw codec_ulaw codec_resample format_pcm format_sln format_wav
res_musiconhold res_timing_timerfd res_crypto res_rtp_asterisk
res_sorcery_astdb res_sorcery_config res_sorcery_memory
chan_pjsip res_pjproject res_pjsip res_pjsip_caller_id res_pjsip_dtmf_info res_pjsip_empty_info
res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user res_pjsip_header_funcs
res_pjsip_logger res_pjsip_nat res_pjsip_rfc3326 res_pjsip_sdp_rtp res_pjsip_session res_pjsip_dlg_options
res_pjsip_authenticator_digest res_pjsip_pubsub
func_pjsip_endpoint
"""

_HOTLINE = """
app_audiosocket app_confbridge app_queue app_waitforsilence
chan_audiosocket chan_bridge_media codec_opus_open_source
func_devstate func_extstate func_hangupcause func_pjsip_aor func_pjsip_contact func_volume
res_agi res_audiosocket res_format_attr_opus res_http_websocket res_manager_devicestate res_security_log
res_speech res_srtp
res_pjsip_outbound_authenticator_digest res_pjsip_outbound_registration
res_pjsip_registrar res_pjsip_transport_websocket
"""

MODULES: dict[str, tuple[str, ...]] = {
    "hotline": (*_COMMON.split(), *_HOTLINE.split()),
    "network": tuple(_COMMON.split()),
}
